// Reads a chapter as a learner does: opens it in a real JupyterLab, runs all cells, moves every
// slider and looks whether its picture follows. Exit code 0 when all of that worked.
// usage: node lab_check.mjs SERVER TOKEN NOTEBOOK OUT_DIR
import fs from 'node:fs';
import { launch } from './chromium.mjs';

const [server, token, notebook, out] = process.argv.slice(2);
const RUN_MS = Number(process.env.RUN_SECONDS ?? 300) * 1000;
const began = Date.now();
const log = (text) => console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
const shot = (page, name) => page.screenshot({ path: `${out}/${name}.png` });

const ERRORS = '[data-mime-type="application/vnd.jupyter.stderr"]'; // tracebacks and warnings
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
    const reply = await fetch(`${server}/api/sessions?token=${token}`);
    const [session] = await reply.json();
    const ready = session?.kernel?.execution_state === 'idle' && session.kernel.connections > 0;
    calm = ready ? calm + 1 : 0;
  }
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

async function moveSliders(page) {
  const boxes = page.locator('.jupyter-widgets.widget-vbox:has(.noUi-target):has(img)');
  await boxes.first().waitFor();
  const count = await boxes.count();
  for (let i = 0; i < count; i += 1) {
    const box = boxes.nth(i);
    await box.scrollIntoViewIfNeeded();
    const image = box.locator('img');
    const before = await image.getAttribute('src');
    await shot(page, `slider-${i + 1}-before`);
    const track = await box.locator('.noUi-target').boundingBox();
    await page.mouse.click(track.x + 0.95 * track.width, track.y + track.height / 2);
    await page.waitForFunction(
      ([element, source]) => element.src !== source && element.complete && element.naturalWidth > 0,
      [await image.elementHandle(), before],
      { timeout: 30_000 },
    );
    await shot(page, `slider-${i + 1}-after`);
  }
  log(`${count} slider(s) moved and their pictures followed`);
}

fs.mkdirSync(out, { recursive: true });
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1300, height: 1000 } });
page.setDefaultTimeout(120_000);
let failed = false;
try {
  await open(page);
  await runAll(page);
  await moveSliders(page);
} catch (error) {
  failed = true;
  console.error(String(error).slice(0, 3000));
  await shot(page, 'failed').catch(() => {});
}
await browser.close();
log(failed ? 'FAILED' : `passed; pictures in ${out}`);
process.exit(failed ? 1 : 0);
