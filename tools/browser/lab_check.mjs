// Reads a chapter as a learner does: opens it in a real JupyterLab, runs all cells, moves every
// slider and looks whether its picture follows, has an alternative text, and whether a screen
// reader would hear the value. Exit code 0 when all of that worked and no error of ours was logged.
// usage: node lab_check.mjs SERVER TOKEN NOTEBOOK OUT_DIR
import fs from 'node:fs';
import { launch } from './chromium.mjs';

const [server, token, notebook, out] = process.argv.slice(2);
const RUN_MS = Number(process.env.RUN_SECONDS ?? 300) * 1000;
const began = Date.now();
const log = (text) => console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
const shot = (page, name) => page.screenshot({ path: `${out}/${name}.png` });

const ERRORS = '[data-mime-type="application/vnd.jupyter.stderr"]'; // tracebacks and warnings
// What JupyterLab itself logs on a healthy page: its own extensions, missing icons and source maps.
const NOT_OURS = [
  /Failed to load resource/, /favicon/, /source ?map/i, /ResizeObserver loop/, /lsp/i,
  /jupyterlab-manager.*already registered/i, /Deprecat/i,
];
const PROMPTS = '.jp-CodeCell .jp-InputPrompt';

async function open(page) {
  await page.goto(`${server}/lab/tree/${notebook}?token=${token}`);
  await page.waitForSelector('.jp-Notebook .jp-Cell');
  await kernelReady(page);
  log('the notebook is open and its kernel idle');
}

async function kernelReady(page) {
  // The page calls a kernel idle before it has one; the server knows who is connected to what.
  for (let calm = 0, i = 0; calm < 3; i += 1) {
    if (i > 240) throw new Error('no kernel became ready in two minutes');
    await page.waitForTimeout(500);
    await chooseKernel(page);
    const session = await ownSession();
    const ready = session?.kernel?.execution_state === 'idle' && session.kernel.connections > 0;
    calm = ready ? calm + 1 : 0;
  }
}

async function ownSession() {
  const reply = await fetch(`${server}/api/sessions?token=${token}`);
  return (await reply.json()).find((session) => session.path === notebook);
}

async function endKernel() {
  const session = await ownSession();
  const headers = { Authorization: `token ${token}` };
  if (session) await fetch(`${server}/api/sessions/${session.id}`, { method: 'DELETE', headers });
}

async function chooseKernel(page) {
  // Lab may ask for a kernel, also late, although the notebook names one.
  const choose = page.locator('.jp-Dialog button', { hasText: 'Select' }).last();
  if (await choose.isVisible()) {
    log(`dialog: ${await page.locator('.jp-Dialog-header').first().innerText()}`);
    await choose.click();
  }
}

async function runAll(page) {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await chooseKernel(page);
    await page.getByRole('menuitem', { name: 'Run', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Run All Cells', exact: true }).click();
    await page.waitForTimeout(1500);
    if (/[*\d]/.test(await page.locator(PROMPTS).first().innerText())) break;
  }
  // The cells after an error keep empty prompts, so an error ends the waiting too.
  await page.waitForFunction(([prompts, errors]) => {
    const done = [...document.querySelectorAll(prompts)].every((e) => /\[\d+\]/.test(e.textContent));
    return done || document.querySelector(errors);
  }, [PROMPTS, ERRORS], { timeout: RUN_MS });
  const problems = await page.locator(ERRORS).allInnerTexts();
  if (problems.length) throw new Error(`the page shows errors:\n${problems.join('\n').slice(-1500)}`);
  log('all cells ran without an error');
}

function listen(page) {
  const heard = [];
  const hear = (text) => { if (!NOT_OURS.some((known) => known.test(text))) heard.push(text); };
  page.on('console', (message) => { if (message.type() === 'error') hear(message.text()); });
  page.on('pageerror', (error) => hear(`uncaught: ${error.message}`));
  return heard;
}

async function spoken(box) {
  const handle = box.locator('.noUi-handle');
  await box.page().waitForFunction((e) => e.hasAttribute('aria-label'), await handle.elementHandle());
  const alt = await box.locator('img').getAttribute('alt');
  const label = await handle.getAttribute('aria-label');
  const text = await handle.getAttribute('aria-valuetext');
  const shown = await box.locator('.widget-readout').innerText();
  if (!alt?.trim()) throw new Error('a live picture has no alternative text');
  if (!label?.trim() || text !== shown || !alt.includes(`${label} = ${text}`)) {
    throw new Error(`a slider says ${label}: ${text}, shows ${shown}, its picture: ${alt}`);
  }
  return `${label} = ${text}`;
}

async function moveSliders(page) {
  const boxes = page.locator('.jupyter-widgets.widget-vbox:has(.noUi-target):has(img)');
  await boxes.first().waitFor();
  const count = await boxes.count();
  for (let i = 0; i < count; i += 1) {
    const box = boxes.nth(i);
    await box.scrollIntoViewIfNeeded();
    const before = await box.locator('img').getAttribute('src');
    const first = await spoken(box);
    await shot(page, `slider-${i + 1}-before`);
    const track = await box.locator('.noUi-target').boundingBox();
    await page.mouse.click(track.x + 0.95 * track.width, track.y + track.height / 2);
    await page.waitForFunction(
      ([element, source]) => {
        const image = element.querySelector('img'); // a new one: the HTML is replaced whole
        return image && image.src !== source && image.complete && image.naturalWidth > 0;
      },
      [await box.elementHandle(), before],
      { timeout: 30_000 },
    );
    log(`slider ${i + 1}: ${first} -> ${await spoken(box)}`);
    await shot(page, `slider-${i + 1}-after`);
  }
  log(`${count} slider(s) moved and their pictures followed`);
}

fs.mkdirSync(out, { recursive: true });
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1300, height: 1000 } });
page.setDefaultTimeout(120_000);
const heard = listen(page);
let failed = false;
try {
  await open(page);
  await runAll(page);
  await moveSliders(page);
  if (heard.length) throw new Error(`the console has errors:\n${heard.join('\n').slice(0, 2500)}`);
} catch (error) {
  failed = true;
  console.error(String(error).slice(0, 3000));
  await shot(page, 'failed').catch(() => {});
}
await browser.close();
await endKernel();
log(failed ? 'FAILED' : `passed; pictures in ${out}`);
process.exit(failed ? 1 : 0);
