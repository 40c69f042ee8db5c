//! Windows that slide, over the events of each row's entity.

use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arrow::array::ArrayRef;
use arrow::compute::concat;
use mlops_core::{SlotKind, SlotSchema, Timestamp, Value};

use super::super::columns::ColumnBuilder;
use super::cells::{Cells, Part, Table};
use super::events::{EntityEvents, KeyedEvents, count_until};
use super::groups::Groups;
use super::prefix::Prefix;
use super::slide::Sliding;
use super::{micros, take, threads};
use crate::FeatureError;
use crate::define::aggregate::{Aggregate, AnyAggregate, Needs, Within};
use crate::define::catalog::Catalog;
use crate::define::compile::CompiledExpr;
use crate::define::expression::Expr;
use crate::define::set::FeatureSet;
use crate::define::source::Window;
use crate::threads::share_out;

/// Some windows over the events of one source by one key.
struct Sliders<'a> {
    windows: Vec<Slider<'a>>,
    frames: Vec<Frame>,
    /// The values of an expression by the events' places, as floats.
    values: Vec<Vec<f64>>,
    events: &'a KeyedEvents<'a>,
    event_rows: OnceLock<Vec<u32>>,
}

struct Slider<'a> {
    window: &'a Window,
    value: CompiledExpr,
    aggregate: Arc<dyn AnyAggregate>,
    kind: SlotKind,
    needs: Needs,
    /// Which of the columns of floats it has, if it is one.
    column: usize,
}

/// Windows with the same ends.
struct Frame {
    length: Duration,
    strict: bool,
    /// An expression, `None` for a constant that is only counted, and the windows of its sums and counts.
    sums: Vec<(Option<usize>, Vec<usize>)>,
}

/// What a window of sums knows of an entity's rows.
pub(crate) struct Sums<'a> {
    length: Duration,
    /// When each row asks.
    asked: &'a [i64],
    /// How many values each row finds.
    counts: &'a [u32],
    /// The correctly rounded sums of the values; none where only a constant is counted.
    sums: &'a [f64],
}

impl Sums<'_> {
    /// Fills a window's column.
    pub(crate) fn fill<A: Aggregate>(&self, aggregate: &A, cells: &mut Cells<'_>) {
        let within = |at: &i64| Within::new(Timestamp::from_micros(*at), self.length);
        let rows = self.asked.iter().zip(self.counts);
        if A::NEEDS == Needs::Count {
            cells.fill(rows.map(|(at, count)| aggregate.of_sum(0.0, u64::from(*count), &within(at))));
        } else {
            let rows = rows.zip(self.sums);
            cells.fill(rows.map(|((at, count), sum)| aggregate.of_sum(*sum, u64::from(*count), &within(at))));
        }
    }
}

/// The columns of windows, each with its slot.
pub(super) fn slide(
    set: &FeatureSet,
    windows: &[(usize, &Window)],
    schema: &SlotSchema,
    events: &KeyedEvents<'_>,
    rows: &Groups,
    catalog: &Catalog,
) -> Result<Vec<(usize, ArrayRef)>, FeatureError> {
    let sliders = Sliders::new(set, windows, events, catalog)?;
    let is_float = |window: &&usize| sliders.windows[**window].kind == SlotKind::Float;
    let all: Vec<_> = (0..windows.len()).collect();
    let (floats, others): (Vec<usize>, Vec<usize>) = all.iter().partition(is_float);
    let builder = |other: &usize| ColumnBuilder::new(&schema.fields[windows[*other].0]);

    let mut table = Table::new(rows, floats.len());
    let parts = rows.parts();
    let shares = parts.iter().cloned().zip(table.split(rows, &parts)).collect();
    let built = share_out(threads(), shares, |(entities, mut part): (Range<usize>, Part<'_>)| {
        let mut work = Work::new(&sliders);
        let mut builders: Vec<_> = others.iter().map(builder).collect();
        for entity in entities {
            let asked = &rows.times[rows.group(entity)];
            let mut rows = part.next(asked.len());
            let events = events.group(entity);
            work.sums(&events, asked, &mut rows);
            for &window in &work.left {
                match floats.binary_search(&window) {
                    Ok(column) => {
                        let mut cells = rows.column(column);
                        sliders.one(window, &events, asked, &mut |row, value| cells.put(row, value));
                    }
                    Err(before) => {
                        let builder = &mut builders[window - before];
                        sliders.one(window, &events, asked, &mut |_, value| builder.push(value));
                    }
                }
            }
        }
        builders.iter_mut().map(ColumnBuilder::finish).collect::<Vec<_>>()
    });
    let slot = |window: &usize| windows[*window].0;
    let mut columns: Vec<_> = floats.iter().map(slot).zip(table.by_row(rows)).collect();
    for (place, other) in others.iter().enumerate() {
        let none = builder(other).finish();
        let parts: Vec<_> = built.iter().map(|part| part[place].as_ref()).chain([none.as_ref()]).collect();
        let taken = take(&[concat(&parts)?.as_ref()], rows.places())?;
        columns.extend(taken.into_iter().map(|column| (slot(other), column)));
    }
    Ok(columns)
}

impl<'a> Sliders<'a> {
    fn new(
        set: &FeatureSet,
        windows: &[(usize, &'a Window)],
        events: &'a KeyedEvents<'a>,
        catalog: &Catalog,
    ) -> Result<Self, FeatureError> {
        let mut sliders = Self {
            windows: Vec::new(),
            frames: Vec::new(),
            values: Vec::new(),
            events,
            event_rows: OnceLock::new(),
        };
        let mut expressions: Vec<&Expr> = Vec::new();
        let mut floats = 0;
        for (place, &(_, window)) in windows.iter().enumerate() {
            let (value, aggregate) = set.event_value(window, catalog)?;
            let kind = aggregate.kind_of(value.kind());
            let needs = if kind == SlotKind::Float { aggregate.needs() } else { Needs::Values };
            if needs != Needs::Values {
                let is_constant = matches!(window.value, Expr::Number(_) | Expr::Text(_));
                let expression = (needs == Needs::Sum || !is_constant).then(|| {
                    expressions.iter().position(|other| **other == window.value).unwrap_or_else(|| {
                        expressions.push(&window.value);
                        sliders.values.push(events.floats(&value));
                        expressions.len() - 1
                    })
                });
                sliders.frame(window, expression).push(place);
            }
            sliders.windows.push(Slider { window, value, aggregate, kind, needs, column: floats });
            floats += usize::from(kind == SlotKind::Float);
        }
        sliders.frames.sort_by_key(|frame| frame.strict);
        Ok(sliders)
    }

    /// The windows with the ends of one and an expression.
    fn frame(&mut self, window: &Window, expression: Option<usize>) -> &mut Vec<usize> {
        let Window { length, strict, .. } = *window;
        let same = |frame: &Frame| frame.length == length && frame.strict == strict;
        let place = self.frames.iter().position(same).unwrap_or_else(|| {
            self.frames.push(Frame { length, strict, sums: Vec::new() });
            self.frames.len() - 1
        });
        let sums = &mut self.frames[place].sums;
        let place = sums.iter().position(|(other, _)| *other == expression).unwrap_or_else(|| {
            sums.push((expression, Vec::new()));
            sums.len() - 1
        });
        &mut sums[place].1
    }

    /// One window of an entity, by adding events and removing them.
    fn one(&self, window: usize, events: &EntityEvents<'_>, asked: &[i64], put: &mut dyn FnMut(usize, Value<'_>)) {
        let Slider { window, value, aggregate, .. } = &self.windows[window];
        let rows = self.event_rows.get_or_init(|| self.events.groups().rows());
        let rows = &rows[events.start..events.start + events.times.len()];
        let stamps: Vec<_> = rows.iter().map(|&row| self.events.events.stamp(row as usize)).collect();
        let edges: Vec<_> = asked.iter().map(|at| at.saturating_sub(i64::from(window.strict))).collect();
        let by_known = events.by_known();
        let sliding = Sliding {
            length: window.length,
            asked: &edges,
            stamps: &stamps,
            by_known: by_known.as_deref(),
            values: &|take| {
                let rows = rows.iter().map(|&row| row as usize);
                self.events.events.each_value(value, rows, take);
            },
        };
        aggregate.slide(value.kind(), &sliding, put);
    }
}

/// The work on an entity's windows of sums and counts.
struct Work<'a> {
    sliders: &'a Sliders<'a>,
    /// Of each expression, and whether it can be used.
    prefixes: Vec<(Prefix, bool)>,
    edges: Vec<i64>,
    /// How many events each row knows.
    known: Vec<u32>,
    /// How many of them are over.
    over: Vec<u32>,
    counts: Vec<u32>,
    sums: Vec<f64>,
    /// The windows that are left to be done.
    left: Vec<usize>,
}

impl<'a> Work<'a> {
    fn new(sliders: &'a Sliders<'a>) -> Self {
        let prefixes = sliders.values.iter().map(|_| (Prefix::default(), false)).collect();
        let (edges, known, over, counts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { sliders, prefixes, edges, known, over, counts, sums: Vec::new(), left: Vec::new() }
    }

    /// Does the windows of sums and counts of an entity whose events become known in the order in which they happen, and
    /// leaves the others.
    fn sums(&mut self, events: &EntityEvents<'_>, asked: &[i64], rows: &mut Part<'_>) {
        let windows = self.sliders.windows.iter().enumerate();
        self.left.clear();
        self.left.extend(windows.filter(|(_, slider)| slider.needs == Needs::Values).map(|(window, _)| window));
        let in_order = events.in_order();
        for ((prefix, usable), values) in self.prefixes.iter_mut().zip(&self.sliders.values) {
            *usable = in_order && prefix.fill(&values[events.start..events.start + events.times.len()]);
        }
        let mut strict = None;
        for frame in &self.sliders.frames {
            if in_order && strict.replace(frame.strict) != Some(frame.strict) {
                self.edges.clear();
                self.edges.extend(asked.iter().map(|at| at.saturating_sub(i64::from(frame.strict))));
                events.count_known(&self.edges, &mut self.known);
            }
            if in_order {
                let length = micros(frame.length);
                count_until(events.times, |time| time, |at| at.saturating_sub(length), &self.edges, &mut self.over);
                // An event may be over before it is known.
                self.over.iter_mut().zip(&self.known).for_each(|(over, known)| *over = (*over).min(*known));
            }
            for (expression, windows) in &frame.sums {
                let prefix = expression.map(|expression| &self.prefixes[expression]);
                let runs = self.over.iter().zip(&self.known).map(|(over, known)| *over..*known);
                self.counts.clear();
                self.sums.clear();
                match prefix {
                    Some((prefix, true)) => {
                        self.counts.extend(runs.clone().map(|run| prefix.count_of(run)));
                        self.sums.extend(runs.map(|run| prefix.sum_of(run)));
                    }
                    None if in_order => self.counts.extend(runs.map(|run| run.end - run.start)),
                    _ => {
                        self.left.extend(windows);
                        continue;
                    }
                }
                let sums =
                    Sums { length: frame.length, asked: &self.edges, counts: &self.counts, sums: &self.sums };
                for slider in windows.iter().map(|&window| &self.sliders.windows[window]) {
                    slider.aggregate.of_sums(&sums, &mut rows.column(slider.column));
                }
            }
        }
    }
}
