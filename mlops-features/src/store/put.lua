-- Puts records unless what is stored is later. KEYS: where. ARGV: for each the record, and for how many milliseconds
-- to keep it, 0 for good. Gives the number that changed, or minus the place of a record that is of another format or
-- view; then nothing is put. A record: format, 32 bytes of fingerprint, 24 of stamp in its order, values.
local function later(new, old)
  for i = 34, 57 do
    local a, b = string.byte(new, i) or 0, string.byte(old, i) or 0
    if a ~= b then
      return a > b
    end
  end
  return false
end
local old = {}
for i, key in ipairs(KEYS) do
  local kept = redis.call('GETRANGE', key, 0, 56)
  if kept ~= '' and string.sub(kept, 1, 33) ~= string.sub(ARGV[2 * i - 1], 1, 33) then
    return -i
  end
  old[key] = kept
end
local changed = 0
for i, key in ipairs(KEYS) do
  local new, keep = ARGV[2 * i - 1], ARGV[2 * i]
  if old[key] == '' or later(new, old[key]) then
    redis.call('SET', key, new)
    if keep ~= '0' then
      redis.call('PEXPIRE', key, keep)
    end
    old[key] = string.sub(new, 1, 57)
    changed = changed + 1
  end
end
return changed
