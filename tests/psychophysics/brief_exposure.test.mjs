// The pure functions of the widget's module; run by test_script.py, or: node THIS_FILE MODULE
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';

const {
  firstAnswer, framesFor, median, mulberry32, noiseMask, nudge, paleCheck, refreshOf, trialFacts, default: widget,
} = await import(pathToFileURL(process.argv[2]));

// frames: as the plan in Python has them
for (const [hz, picture, mask] of [
  [60, 4, 3], [75, 5, 4], [120, 8, 6], [144, 9, 7], [165, 10, 8], [240, 15, 12],
]) {
  assert.equal(framesFor(63, 1000 / hz), picture);
  assert.equal(framesFor(50, 1000 / hz), mask);
}
assert.equal(framesFor(1, 1000 / 60), 1);

// seeded noise
const uniform = mulberry32(1);
assert.equal(uniform(), 0.6270739405881613);
const mask = noiseMask(5, 32);
assert.equal(mask.length, 1024);
assert.ok(mask.every((value) => value === 0 || value === 255));
assert.deepEqual(mask, noiseMask(5, 32));
assert.notDeepEqual(mask, noiseMask(6, 32));
assert.deepEqual([...new Set(paleCheck(32))].sort(), [112, 144]);
assert.notEqual(paleCheck(32)[0], paleCheck(32)[32]);

// the refresh rate, from timestamps that are rounded to a tenth of a millisecond
assert.equal(median([3, 1, 2]), 2);
assert.equal(median([4, 1, 2, 3]), 2.5);
const stamps = Array.from({ length: 91 }, (_, i) => Math.round((i * 10000) / 60) / 10);
const gaps = stamps.slice(1).map((time, i) => time - stamps[i]);
const steady = refreshOf(gaps);
assert.ok(Math.abs(steady.hz - 60) < 0.01, `${steady.hz}`);
assert.ok(steady.mad_ms < 0.2);
assert.equal(steady.late, 0);
const stumbling = refreshOf([...gaps, 50]);
assert.equal(stumbling.late, 1);
assert.ok(Math.abs(stumbling.hz - 60) < 0.01); // one late frame does not change the rate
const varying = refreshOf(gaps.map((gap, i) => gap + (i % 2 ? 3 : -3)));
assert.ok(varying.mad_ms > 1);

// what a trial looked like: 30 frames of cross, 4 of picture, 2 masks of 3, then the blank
const T = 1000 / 60;
const times = Array.from({ length: 41 }, (_, i) => i * T);
const starts = [['fixation', 0], ['picture', 30 * T], ['mask 1', 34 * T], ['mask 2', 37 * T], ['blank', 40 * T]];
const facts = trialFacts(starts, times, 4, T);
assert.equal(facts.frames_shown, 4);
assert.equal(facts.frames_planned, 4);
assert.equal(facts.late, 0);
assert.ok(Math.abs(facts.stimulus_ms - 4 * T) < 1e-9);
assert.ok(Math.abs(facts.masks_ms - 6 * T) < 1e-9);
assert.ok(Math.abs(facts.frame_ms - T) < 1e-9);

// the third frame of the picture comes a frame late: all that follows is later
const slip = (i) => (i > 32 ? (i + 1) * T : i * T);
const late = trialFacts(starts.map(([name, t]) => [name, slip(Math.round(t / T))]), times.map((_, i) => slip(i)), 4, T);
assert.equal(late.late, 1);
assert.equal(late.frames_shown, 5);
// a late frame before the picture does no harm
const early = (i) => (i > 10 ? (i + 1) * T : i * T);
const harmless = trialFacts(starts.map(([name, t]) => [name, early(Math.round(t / T))]), times.map((_, i) => early(i)), 4, T);
assert.equal(harmless.late, 0);
assert.equal(harmless.frames_shown, 4);

// an edge between two of the screen's pixels moves by less than half of one
assert.equal(nudge(10, 1), 0);
assert.ok(Math.abs(nudge(493.2, 1.25) - (617 / 1.25 - 493.2)) < 1e-9);
for (const edge of [0.1, 17.37, 200.5]) {
  const moved = (edge + nudge(edge, 1.5)) * 1.5;
  assert.ok(Math.abs(moved - Math.round(moved)) < 1e-9);
  assert.ok(Math.abs(nudge(edge, 1.5)) <= 0.5 / 1.5);
}

// answers: the first press after the picture came
assert.deepEqual(firstAnswer([['cat', 90], ['dog', 140], ['cat', 150]], 100), ['dog', 140]);
assert.deepEqual(firstAnswer([['cat', 90]], 100), [null, null]);
assert.deepEqual(firstAnswer([], 100), [null, null]);

assert.equal(typeof widget.render, 'function');
console.log('ok');
