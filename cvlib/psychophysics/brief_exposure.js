// A session of short exposures in one page: consent, trials counted in frames, answers.
//
// Time is counted in frames of `requestAnimationFrame`, never in milliseconds of `setTimeout`: a
// screen shows whole frames. A frame's timestamp and a key's `timeStamp` share one clock. What is
// sent to Python are facts (frames, gaps, keys); which trials count is decided there.
// Nothing here talks to a network.

// -- pure functions, tested in Node ---------------------------------------------------------------

export function framesFor(ms, frameMs) {
  return Math.max(1, Math.round(ms / frameMs));
}

// Uniform numbers in [0, 1): the same as `masks.mulberry32` in Python, so that a mask can be drawn
// again there.
export function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// Black and white cells, row by row: cells * cells numbers, 0 or 255.
export function noiseMask(seed, cells) {
  const uniform = mulberry32(seed);
  return Uint8ClampedArray.from({ length: cells * cells }, () => (uniform() < 0.5 ? 0 : 255));
}

// The mask that does not flicker: a checkerboard of two greys, the same every time.
export function paleCheck(cells) {
  const grey = (_, i) => ((i % cells) + Math.floor(i / cells)) % 2 ? 112 : 144;
  return Uint8ClampedArray.from({ length: cells * cells }, grey);
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// The length of a frame from the gaps between frames. Timestamps are rounded to 0.1 ms, so the
// mean of the regular gaps knows it better than their median does.
export function refreshOf(gaps) {
  const middle = median(gaps);
  const regular = gaps.filter((gap) => gap > 0.5 * middle && gap < 1.5 * middle);
  const frameMs = regular.reduce((sum, gap) => sum + gap, 0) / regular.length;
  return {
    frame_ms: frameMs,
    hz: 1000 / frameMs,
    mad_ms: median(gaps.map((gap) => Math.abs(gap - middle))),
    late: gaps.filter((gap) => gap > 1.5 * middle).length,
    gaps: gaps.length,
  };
}

// What a trial looked like, from when its phases were drawn. `starts`: [[name, ms], ...] in order,
// the last one is the blank; `times`: the timestamp of every frame from the cross on.
export function trialFacts(starts, times, planned, frameMs) {
  const at = new Map(starts);
  const [onset, offset, end] = [at.get('picture'), at.get('mask 1'), at.get('blank')];
  const gaps = times.slice(1).map((time, i) => ({ time, gap: time - times[i] }));
  const late = gaps.filter(({ time, gap }) => time > onset && time <= end && gap > 1.5 * frameMs);
  return {
    stimulus_ms: offset - onset,
    masks_ms: end - offset,
    frames_shown: Math.round((offset - onset) / frameMs),
    frames_planned: planned,
    frame_ms: refreshOf(gaps.map(({ gap }) => gap)).frame_ms,
    late: late.length,
  };
}

// The first key or button pressed after the picture came: [option, ms] or nothing at all.
export function firstAnswer(presses, onset) {
  return presses.find(([, time]) => time >= onset) ?? [null, null];
}

// How far, in CSS pixels, an edge must move to lie on the screen's own pixels.
export function nudge(edge, dpr) {
  return (Math.round(edge * dpr) - edge * dpr) / dpr;
}

// -- drawing --------------------------------------------------------------------------------------

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
const GREY = '#808080';

async function measureRefresh(count = 90) {
  for (let warm = 0; warm < 10; warm += 1) await nextFrame();
  const gaps = [];
  let last = await nextFrame();
  while (gaps.length < count) {
    const now = await nextFrame();
    gaps.push(now - last);
    last = now;
  }
  return refreshOf(gaps);
}

// A mask as a small canvas that is stretched, without smoothing, when it is drawn.
function maskCanvas(values, cells) {
  const canvas = new OffscreenCanvas(cells, cells);
  const pixels = new ImageData(cells, cells);
  values.forEach((value, i) => pixels.data.set([value, value, value, 255], 4 * i));
  canvas.getContext('2d').putImageData(pixels, 0, 0);
  return canvas;
}

function makeStage(pictureSize, wantedWidth) {
  // The canvas counts the screen's own pixels, and a picture's pixel is a whole number of them: no
  // browser's resampling touches the perturbation.
  const dpr = window.devicePixelRatio || 1;
  const zoom = Math.max(1, Math.round((wantedWidth * dpr) / pictureSize));
  const canvas = document.createElement('canvas');
  canvas.width = pictureSize * zoom;
  canvas.height = canvas.width;
  canvas.style.width = `${canvas.width / dpr}px`;
  canvas.style.height = canvas.style.width;
  canvas.style.imageRendering = 'pixelated';
  Object.assign(canvas.style, { position: 'relative', left: 0, top: 0 });
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', 'Pictures are flashed here; look at the cross.');
  const pen = canvas.getContext('2d', { alpha: false });
  pen.imageSmoothingEnabled = false;
  return { canvas, pen, zoom, dpr };
}

// Between two of the screen's pixels the browser would stretch or shrink the canvas by one of them.
function align({ canvas, dpr }) {
  const { left, top } = canvas.getBoundingClientRect();
  canvas.style.left = `${parseFloat(canvas.style.left) + nudge(left, dpr)}px`;
  canvas.style.top = `${parseFloat(canvas.style.top) + nudge(top, dpr)}px`;
}

function clear({ canvas, pen }) {
  pen.fillStyle = GREY;
  pen.fillRect(0, 0, canvas.width, canvas.height);
}

function cross(stage) {
  clear(stage);
  const { canvas, pen } = stage;
  const middle = canvas.width / 2;
  const arm = canvas.width / 25;
  pen.strokeStyle = '#000000';
  pen.lineWidth = Math.max(2, canvas.width / 150);
  pen.beginPath();
  pen.moveTo(middle - arm, middle);
  pen.lineTo(middle + arm, middle);
  pen.moveTo(middle, middle - arm);
  pen.lineTo(middle, middle + arm);
  pen.stroke();
}

function fill({ canvas, pen }, source) {
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
}

// -- one trial ------------------------------------------------------------------------------------

// Everything that is slow, such as drawing the masks, happens before the cross appears.
function phasesOf(stage, trial, bitmap, setup, frameMs) {
  const { plan, masks, cells } = setup;
  const drawn = Array.from({ length: plan.masks }, (_, k) => (
    maskCanvas(masks === 'still' ? paleCheck(cells) : noiseMask(trial.seed + k, cells), cells)
  ));
  const frames = (ms) => framesFor(ms, frameMs);
  return [
    { name: 'fixation', frames: frames(trial.fixation_ms), draw: () => cross(stage) },
    { name: 'picture', frames: frames(plan.stimulus_ms), draw: () => fill(stage, bitmap) },
    ...drawn.map((mask, k) => (
      { name: `mask ${k + 1}`, frames: frames(plan.mask_ms), draw: () => fill(stage, mask) }
    )),
    { name: 'blank', frames: frames(plan.response_ms), draw: () => clear(stage) },
  ];
}

async function runTrial(stage, trial, bitmap, setup, frameMs, control) {
  const phases = phasesOf(stage, trial, bitmap, setup, frameMs);
  align(stage);
  const starts = [];
  const times = [await nextFrame()];
  control.listen();
  for (const { name, frames, draw } of phases) {
    draw();
    starts.push([name, times.at(-1)]);
    for (let shown = 0; shown < frames && !control.stopped; shown += 1) {
      times.push(await nextFrame());
    }
    if (control.stopped) return null;
  }
  const { presses, hidden } = control.heard();
  const end = starts.at(-1)[1];
  const facts = trialFacts(starts, times.filter((t) => t <= end), phases[1].frames, frameMs);
  const onset = starts[1][1];
  const [choice, time] = firstAnswer(presses, onset);
  const rt = time === null ? null : time - onset;
  return { id: trial.id, choice, rt_ms: rt, presses: presses.length, hidden, ...facts };
}

// -- keys, buttons, hidden tabs, the way out ------------------------------------------------------

class Control {
  constructor(keys) {
    this.keys = keys;
    this.stopped = false;
    this.presses = [];
    this.hidden = document.hidden;
    this.waiting = null; // what the space bar or the big button goes on with
    this.key = (event) => this.onKey(event);
    this.visibility = () => { this.hidden ||= document.hidden; };
    this.fullscreen = () => { if (!document.fullscreenElement) this.stop(); };
    // In the capturing phase, and stopped there: otherwise `f` and `j` are a notebook's shortcuts.
    window.addEventListener('keydown', this.key, true);
    document.addEventListener('visibilitychange', this.visibility);
  }

  onKey(event) {
    const letter = event.key.toLowerCase();
    const ours = event.key === 'Escape' || event.key === ' ' || letter in this.keys;
    if (!ours || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.repeat) return;
    if (event.key === 'Escape') this.stop();
    else if (event.key === ' ') this.goOn();
    else this.answer(this.keys[letter], event.timeStamp);
  }

  answer(option, time) { this.presses.push([option, time]); }

  listen() { this.presses = []; this.hidden = document.hidden; }

  heard() { return { presses: this.presses, hidden: this.hidden }; }

  stop() { this.stopped = true; this.goOn(); }

  goOn() { this.waiting?.(); this.waiting = null; }

  untilReady() {
    return this.stopped ? Promise.resolve() : new Promise((resolve) => { this.waiting = resolve; });
  }

  leave() {
    window.removeEventListener('keydown', this.key, true);
    document.removeEventListener('visibilitychange', this.visibility);
    document.removeEventListener('fullscreenchange', this.fullscreen);
  }
}

// -- the page -------------------------------------------------------------------------------------

function element(tag, properties = {}, children = []) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function consentPanel(words, begin, skip) {
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const agree = element('input', { type: 'checkbox', className: 'exposure-agree' });
  const still = element('input', { type: 'checkbox', className: 'exposure-still', checked: calm });
  const start = element('button', { textContent: 'Start', className: 'exposure-start' });
  start.disabled = true;
  const leave = element('button', { textContent: 'Skip', className: 'exposure-skip' });
  agree.addEventListener('change', () => { start.disabled = !agree.checked; });
  start.addEventListener('click', () => begin(still.checked ? 'still' : 'flicker'));
  leave.addEventListener('click', skip);
  const panel = element('div', { className: 'exposure-consent' }, [
    ...words.warnings.map((text) => element('p', { textContent: text })),
    element('p', {}, [element('label', {}, [agree, ` ${words.agree}`])]),
    element('p', {}, [element('label', {}, [still, ` ${words.still}`])]),
    element('p', {}, [start, ' ', leave]),
  ]);
  panel.style.maxWidth = '42em';
  return panel;
}

function answerButtons(keys, control) {
  const buttons = Object.entries(keys).map(([key, option]) => {
    const textContent = `${key.toUpperCase()}: ${option}`;
    const button = element('button', { textContent, className: 'exposure-answer' });
    button.addEventListener('pointerdown', (event) => control.answer(option, event.timeStamp));
    return button;
  });
  const stop = element('button', { textContent: 'Stop (Esc)', className: 'exposure-stop' });
  stop.addEventListener('click', () => control.stop());
  return element('div', {}, [...buttons, stop]);
}

async function pause(board, control, text) {
  const go = element('button', { textContent: 'Go on (space)', className: 'exposure-go' });
  go.addEventListener('click', () => control.goOn());
  board.replaceChildren(element('span', { textContent: `${text} ` }), go);
  await control.untilReady();
  board.replaceChildren();
}

// After a practice trial: was it right? The text is gone before the next cross.
async function tell(board, right, label) {
  board.textContent = `${right ? 'Right' : 'No'}: it was ${label}.`;
  for (let shown = 0; shown < 60; shown += 1) await nextFrame();
  board.textContent = '';
}

async function enterFullscreen(room, control, send) {
  try {
    await room.requestFullscreen({ navigationUI: 'hide' });
    document.addEventListener('fullscreenchange', control.fullscreen);
  } catch (error) {
    send({ type: 'warning', what: `no full screen: ${error.message}` });
  }
}

async function runTrials(stage, board, setup, bitmaps, control, send) {
  const refresh = await measureRefresh();
  const { dpr, zoom, canvas } = stage;
  send({ type: 'refresh', ...refresh, dpr, zoom, width_css: canvas.clientWidth });
  if (refresh.mad_ms >= 1) {
    const text = 'The refresh rate of this screen varies: the trials will be marked.';
    await pause(board, control, text);
  }
  let since = 0;
  for (const [i, trial] of setup.trials.entries()) {
    if (control.stopped) return false;
    const first = !trial.practice && (i === 0 || setup.trials[i - 1].practice);
    if (first && i > 0) await pause(board, control, 'That was the practice. Ready?');
    if (document.hidden || since >= setup.break_every) {
      await pause(board, control, `Rest your eyes. ${setup.trials.length - i} trials to go.`);
      since = 0;
    }
    const facts = await runTrial(stage, trial, bitmaps[i], setup, refresh.frame_ms, control);
    if (!facts) return false;
    send({ type: 'trial', ...facts });
    since += 1;
    if (trial.practice) await tell(board, facts.choice === trial.label, trial.label);
  }
  return true;
}

function decode(bytes) {
  const raw = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };
  return createImageBitmap(new Blob([bytes], { type: 'image/png' }), raw);
}

async function runSession(el, setup, pictures, send, life) {
  const bitmaps = await Promise.all(pictures.map(decode));
  const control = new Control(setup.keys);
  life.control = control;
  const stage = makeStage(bitmaps[0].width, setup.width);
  const board = element('div', { className: 'exposure-board' });
  board.style.minHeight = '2em';
  const below = answerButtons(setup.keys, control);
  const room = element('div', { className: 'exposure-room' }, [stage.canvas, board, below]);
  Object.assign(room.style, {
    background: GREY, color: '#000000', padding: '16px', display: 'flex', flexDirection: 'column',
    alignItems: 'center', justifyContent: 'center',
  });
  el.replaceChildren(room);
  clear(stage);
  if (setup.fullscreen) await enterFullscreen(room, control, send);
  const [[left, a], [right, b]] = Object.entries(setup.keys);
  const meaning = `${left.toUpperCase()} means ${a}, ${right.toUpperCase()} means ${b}.`;
  await pause(board, control, `${meaning} Look at the cross.`);
  const whole = await runTrials(stage, board, setup, bitmaps, control, send);
  control.leave();
  send({ type: whole ? 'done' : 'stopped' });
  if (document.fullscreenElement) await document.exitFullscreen();
  const end = whole ? 'Done, thank you.' : 'Stopped; what you answered is kept.';
  const textContent = `${end} Run the next cell.`;
  el.replaceChildren(element('p', { className: 'exposure-end', textContent }));
}

function render({ model, el }) {
  const setup = model.get('setup');
  const life = { on: true, control: null };
  const send = (entry) => { if (life.on) model.send(entry); };
  const begin = (masks) => {
    send({ type: 'consent', masks });
    const pictures = model.get('pictures');
    runSession(el, { ...setup, masks }, pictures, send, life).catch((error) => {
      send({ type: 'warning', what: error.message });
      life.control?.leave();
      const textContent = `Broken off: ${error.message}`;
      el.replaceChildren(element('p', { className: 'exposure-end', textContent }));
    });
  };
  const skip = () => {
    send({ type: 'skipped' });
    const textContent = 'Skipped: nothing is shown.';
    el.replaceChildren(element('p', { className: 'exposure-end', textContent }));
  };
  el.replaceChildren(consentPanel(setup.words, begin, skip));
  return () => {
    life.control?.stop();
    life.on = false;
  };
}

export default { render };
