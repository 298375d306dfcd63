// Sits three sessions of chapter 02's experiment in a real JupyterLab: a whole one with a key in
// every trial; one with a hidden tab, a frame that comes late, and Esc in the middle; and one that
// is skipped. Asserts frames, keys and flags, never milliseconds: machines of a pipeline are slow.
// usage: node session_check.mjs SERVER TOKEN NOTEBOOK OUT_DIR    (the notebook: session.ipynb)
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { checked, log } from './lab.mjs';

const TRIALS = 14; // two of them for practice

// What Python knows of the three sessions, once the last of them has arrived there.
async function report(lab) {
  const cell = lab.page.locator('.jp-CodeCell').last();
  for (let tries = 0; tries < 30; tries += 1) {
    await cell.locator('.jp-InputArea-editor').click();
    await lab.page.keyboard.press('Control+Enter');
    await lab.page.waitForTimeout(1000);
    const text = await cell.locator('.jp-OutputArea-output').last().innerText();
    const found = JSON.parse(text.slice(text.indexOf('REPORT') + 6).replace(/\n/g, ''));
    if (found.skipped.kept) return found;
  }
  throw new Error('the sessions did not arrive in Python');
}

const cellsOf = (page) => page.locator('.jp-Notebook .jp-Cell').count();
const activeCell = (page) => page.evaluate(() => (
  [...document.querySelectorAll('.jp-Notebook .jp-Cell')]
    .findIndex((cell) => cell.classList.contains('jp-mod-active'))
));

async function begin(lab, number) {
  const box = lab.page.locator('.jp-CodeCell').nth(number);
  await box.scrollIntoViewIfNeeded();
  const start = box.locator('button.exposure-start');
  assert.equal(await start.isDisabled(), true, 'nobody can start before agreeing');
  assert.equal(await box.locator('canvas').count(), 0, 'nothing is drawn before the start');
  await lab.shot(`consent-${number}`);
  await box.locator('input.exposure-agree').check();
  await start.click();
  return box;
}

// Press a key or a button in every trial, and go on after each rest, until the session has ended.
async function answerAll(lab, box) {
  const { page } = lab;
  for (let i = 0; await box.locator('.exposure-end').count() === 0; i += 1) {
    assert.ok(i < 600, 'the session does not end');
    if (await box.locator('button.exposure-go').isVisible()) await page.keyboard.press(' ');
    else if (i % 7 === 3) await box.locator('button.exposure-answer').first().click().catch(() => {});
    else await page.keyboard.press('fj'[i % 2]);
    await page.waitForTimeout(250);
  }
}

async function whole(lab) {
  const { page } = lab;
  const box = await begin(lab, 1);
  const [cells, active] = [await cellsOf(page), await activeCell(page)];
  await answerAll(lab, box);
  await lab.shot('end');
  assert.equal(await cellsOf(page), cells, 'keys reach the notebook and change its cells');
  assert.equal(await activeCell(page), active, 'f or j moved the notebook to another cell');
}

// Keep what each picture looked like on the canvas, one level a cell, whether cells were flat, and
// how far the canvas lay from the screen's own pixels.
function watchPictures() {
  window.drawn = [];
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function watched(source, ...place) {
    draw.call(this, source, ...place);
    if (!(source instanceof ImageBitmap)) return;
    const zoom = this.canvas.width / source.width;
    const { data } = this.getImageData(0, 0, this.canvas.width, this.canvas.height);
    const at = (x, y) => data[4 * (y * this.canvas.width + x)];
    const levels = [];
    let flat = Number.isInteger(zoom);
    for (let y = 0; y < source.height; y += 1) {
      for (let x = 0; x < source.width; x += 1) {
        const level = at(x * zoom, y * zoom);
        flat &&= level === at((x + 1) * zoom - 1, (y + 1) * zoom - 1);
        levels.push(level);
      }
    }
    const { left, top, width } = this.canvas.getBoundingClientRect();
    const edges = [left, top, width].map((edge) => edge * window.devicePixelRatio);
    window.drawn.push({ levels, flat, off: edges.map((edge) => edge - Math.round(edge)) });
  };
}

function holdUp(ms) {
  const since = performance.now();
  while (performance.now() - since < ms); // a page that is busy draws no frame
}

async function disturbed(lab) {
  const { page } = lab;
  await page.evaluate(watchPictures);
  const box = await begin(lab, 2);
  const go = box.locator('button.exposure-go');
  for (let rest = 0; rest < 2; rest += 1) { // before the practice, and after it
    await go.waitFor();
    await page.keyboard.press(' ');
    await go.waitFor({ state: 'hidden' });
  }
  await page.waitForTimeout(1200);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
    document.dispatchEvent(new Event('visibilitychange'));
    delete document.hidden;
  });
  log('hid the tab');
  await page.waitForTimeout(3000);
  for (let i = 0; i < 12; i += 1) { // some picture or mask is hit
    await page.evaluate(holdUp, 120);
    await page.waitForTimeout(200);
    await lab.shot(`phase-${i}`);
  }
  log('held the page up');
  await page.keyboard.press('Escape');
  await box.locator('.exposure-end').waitFor();
  return page.evaluate(() => window.drawn);
}

// Every level of the pictures arrived on the canvas as it left Python, each a whole cell.
function compare(drawn, pictures) {
  assert.ok(drawn.length > 3);
  drawn.forEach(({ levels, flat, off }, i) => {
    const aligned = off.every((edge) => Math.abs(edge) < 0.1);
    assert.ok(aligned, `picture ${i} lies off the pixels: ${off}`);
    assert.ok(flat, `picture ${i} was resampled`);
    assert.deepEqual(levels, pictures[i].flat(), `picture ${i} was changed on its way`);
  });
  log(`${drawn.length} pictures arrived level for level`);
}

function judge({ whole: first, disturbed: second, skipped: third }) {
  const kinds = (entries) => entries.map((entry) => entry.type);
  const trials = (entries) => entries.filter((entry) => entry.type === 'trial');

  assert.equal(first.who, 'you');
  assert.equal(kinds(first.entries).at(-1), 'done');
  const shown = trials(first.entries);
  assert.equal(shown.length, TRIALS);
  assert.deepEqual(shown.map(({ id }) => id), [...shown.keys()], 'each trial once, in order');
  for (const trial of shown) {
    assert.ok(trial.frames_shown >= trial.frames_planned, 'a picture was cut short');
    if (!trial.late) assert.equal(trial.frames_shown, trial.frames_planned);
    assert.ok(['four', 'nine'].includes(trial.choice), `trial ${trial.id} has no answer`);
    assert.ok(trial.rt_ms >= 0);
    assert.equal(trial.hidden, false);
  }

  assert.equal(kinds(second.entries).at(-1), 'stopped');
  assert.match(second.summary, /broken off after \d+ of 12 trials; what was answered is kept/);
  const spoilt = trials(second.entries);
  assert.ok(spoilt.some((trial) => trial.hidden), 'a hidden tab was not noticed');
  assert.ok(spoilt.some((trial) => trial.late > 0), 'a late frame was not noticed');
  assert.match(second.summary, /the tab was hidden/);
  assert.match(second.summary, /a frame came late/);

  assert.deepEqual(kinds(third.entries), ['session', 'skipped']);
  assert.match(third.who, /simulated/);
  assert.ok(first.kept && second.kept && third.kept, 'a session was not kept in a file');
}

function measured(entries) {
  const refresh = entries.find(({ type }) => type === 'refresh');
  const trials = entries.filter(({ type }) => type === 'trial');
  const ms = trials.map((trial) => trial.stimulus_ms);
  const mean = ms.reduce((sum, t) => sum + t, 0) / ms.length;
  const range = `${Math.min(...ms).toFixed(2)} to ${Math.max(...ms).toFixed(2)}`;
  const late = trials.reduce((sum, trial) => sum + trial.late, 0);
  const good = trials.filter((t) => !t.late && t.frames_shown === t.frames_planned).length;
  log(`screen ${refresh.hz.toFixed(2)} Hz, deviation ${refresh.mad_ms.toFixed(2)} ms; picture `
    + `${mean.toFixed(2)} ms (${range}) where ${trials[0].frames_planned} frames were planned; `
    + `${good} of ${trials.length} trials on time, ${late} late frame(s)`);
}

await checked(async (lab) => {
  await whole(lab);
  const drawn = await disturbed(lab);
  const third = lab.page.locator('.jp-CodeCell').nth(3);
  await third.locator('button.exposure-skip').click();
  const found = await report(lab);
  fs.writeFileSync(`${lab.out}/session.json`, JSON.stringify(found, null, 1));
  for (const { summary } of Object.values(found)) log(summary);
  measured(found.whole.entries);
  judge(found);
  compare(drawn, found.disturbed.pictures);
}, { deviceScaleFactor: 1.25 }); // as on many a laptop: a pixel of the page is none of the screen's
