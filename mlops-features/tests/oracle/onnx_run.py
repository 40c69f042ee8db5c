"""Runs model.onnx in the folder of the argument on its inputs.json; writes what comes out to numbers.json.

Inputs are by name, doubles as texts. Numbers come out by row, as the hexadecimal of their bits.
"""

import json
import struct
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime

folder = Path(sys.argv[1])
model = onnx.load(folder / "model.onnx")
onnx.checker.check_model(model, full_check=True)
given = json.loads((folder / "inputs.json").read_text())
session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
inputs = {}
for value in session.get_inputs():
    column = given[value.name]
    if value.type == "tensor(double)":
        column = numpy.array([float(x) for x in column])
    else:
        column = numpy.array(column, dtype=object)
    inputs[value.name] = column.reshape(-1, 1)
(numbers,) = session.run(["numbers"], inputs)
assert numbers.dtype == numpy.float64, numbers.dtype
bits = [[struct.pack(">d", x).hex() for x in row] for row in numbers]
props = {prop.key: prop.value for prop in model.metadata_props}
(folder / "numbers.json").write_text(json.dumps({"bits": bits, "props": props}))
