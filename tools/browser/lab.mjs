// What every check in a real JupyterLab needs: open a notebook, run it, hear its errors.
import fs from 'node:fs';
import { launch } from './chromium.mjs';

const ERRORS = '[data-mime-type="application/vnd.jupyter.stderr"]'; // tracebacks and warnings
const PROMPTS = '.jp-CodeCell .jp-InputPrompt';
const RUN_MS = Number(process.env.RUN_SECONDS ?? 300) * 1000;
// What JupyterLab itself logs on a healthy page: its own extensions, missing icons and source maps.
const NOT_OURS = [
  /Failed to load resource/, /favicon/, /source ?map/i, /ResizeObserver loop/, /lsp/i,
  /jupyterlab-manager.*already registered/i, /Deprecat/i,
];
const began = Date.now();

export function log(text) {
  console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
}

function listen(page) {
  const heard = [];
  const hear = (text) => { if (!NOT_OURS.some((known) => known.test(text))) heard.push(text); };
  page.on('console', (message) => { if (message.type() === 'error') hear(message.text()); });
  page.on('pageerror', (error) => hear(`uncaught: ${error.message}`));
  return heard;
}

export class Lab {
  constructor(page, [server, token, notebook, out]) {
    Object.assign(this, { page, server, token, notebook, out });
  }

  shot(name) { return this.page.screenshot({ path: `${this.out}/${name}.png` }); }

  async open() {
    // Lab would open the notebook before this one, too, and hide this one's cells behind it.
    await this.page.goto(`${this.server}/lab/tree/${this.notebook}?reset&token=${this.token}`);
    await this.page.waitForSelector('.jp-Notebook .jp-Cell');
    await this.kernelReady();
    log('the notebook is open and its kernel idle');
  }

  async kernelReady() {
    // The page calls a kernel idle before it has one; the server knows who is connected to what.
    for (let calm = 0, i = 0; calm < 3; i += 1) {
      if (i > 240) throw new Error('no kernel became ready in two minutes');
      await this.page.waitForTimeout(500);
      await this.chooseKernel();
      const session = await this.ownSession();
      const ready = session?.kernel?.execution_state === 'idle' && session.kernel.connections > 0;
      calm = ready ? calm + 1 : 0;
    }
  }

  async ownSession() {
    const reply = await fetch(`${this.server}/api/sessions?token=${this.token}`);
    return (await reply.json()).find((session) => session.path === this.notebook);
  }

  async endKernel() {
    const session = await this.ownSession();
    const headers = { Authorization: `token ${this.token}` };
    const address = `${this.server}/api/sessions/${session?.id}`;
    if (session) await fetch(address, { method: 'DELETE', headers });
  }

  async chooseKernel() {
    // Lab may ask for a kernel, also late, although the notebook names one.
    const choose = this.page.locator('.jp-Dialog button', { hasText: 'Select' }).last();
    if (await choose.isVisible()) {
      log(`dialog: ${await this.page.locator('.jp-Dialog-header').first().innerText()}`);
      await choose.click();
    }
  }

  async runAll() {
    const { page } = this;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await this.chooseKernel();
      await page.getByRole('menuitem', { name: 'Run', exact: true }).click();
      await page.getByRole('menuitem', { name: 'Run All Cells', exact: true }).click();
      await page.waitForTimeout(1500);
      if (/[*\d]/.test(await page.locator(PROMPTS).first().innerText())) break;
    }
    // The cells after an error keep empty prompts, so an error ends the waiting too.
    await page.waitForFunction(([prompts, errors]) => {
      const all = [...document.querySelectorAll(prompts)];
      return all.every((e) => /\[\d+\]/.test(e.textContent)) || document.querySelector(errors);
    }, [PROMPTS, ERRORS], { timeout: RUN_MS });
    const problems = (await page.locator(ERRORS).allInnerTexts()).join('\n');
    if (problems) throw new Error(`the page shows errors:\n${problems.slice(-1500)}`);
    log('all cells ran without an error');
  }
}

// Run one check: `node CHECK.mjs SERVER TOKEN NOTEBOOK OUT_DIR`, exit code 0 when it passes and
// the console is free of errors of ours. `screen`: of the page, such as `deviceScaleFactor`.
export async function checked(check, screen = {}) {
  const place = process.argv.slice(2);
  fs.mkdirSync(place[3], { recursive: true });
  const browser = await launch();
  const page = await browser.newPage({ viewport: { width: 1300, height: 1000 }, ...screen });
  page.setDefaultTimeout(120_000);
  const heard = listen(page);
  const lab = new Lab(page, place);
  let failed = false;
  try {
    await lab.open();
    await lab.runAll();
    await check(lab);
    const errors = heard.join('\n').slice(0, 2500);
    if (errors) throw new Error(`the console has errors:\n${errors}`);
  } catch (error) {
    failed = true;
    console.error(String(error).slice(0, 3000));
    await lab.shot('failed').catch(() => {});
  }
  await browser.close();
  await lab.endKernel();
  log(failed ? 'FAILED' : `passed; pictures in ${lab.out}`);
  process.exit(failed ? 1 : 0);
}
