/** Finding the addon, and what is said where it is not found. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type * as Native from '../../src/native';

const VARIABLE = 'DIFFUSION_SAMPLERS_ADDON';
const folder = mkdtempSync(join(tmpdir(), 'loader-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A loader that has loaded nothing yet, with the variable set. */
function withAddon<T>(file: string | undefined, use: (loader: typeof Native) => T): T {
  const before = process.env[VARIABLE];
  if (file === undefined) delete process.env[VARIABLE];
  else process.env[VARIABLE] = file;
  try {
    let result: T | undefined;
    jest.isolateModules(() => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- a module of its own
      result = use(require('../../src/native') as typeof Native);
    });
    return result as T;
  } finally {
    if (before === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = before;
  }
}

test('the addon is looked for where it is built, then where the package has it for this platform', () => {
  const root = resolve(__dirname, '..', '..');
  const files = withAddon(undefined, (loader) => loader.addonFiles()).map((file) => file.slice(root.length + 1));
  expect(files).toEqual([
    join('build', 'Release', 'diffusion_samplers.node'),
    join('build', 'Debug', 'diffusion_samplers.node'),
    join('prebuilds', `${process.platform}-${process.arch}`, 'diffusion_samplers.node'),
  ]);
});

test('an addon that is asked for is the only one that is tried', () => {
  const file = join(folder, 'none.node');
  const load = () => withAddon(file, (loader) => loader.native());
  expect(load).toThrow(`Tried:\n  ${file}: not there\n`);
  expect(load).toThrow(expect.objectContaining({ name: 'NativeLoadError', code: 'ERR_NATIVE_LOAD' }) as Error);
});

test('an addon that does not load is named with the reason of the system, and the command that helps', () => {
  const file = join(folder, 'text.node');
  writeFileSync(file, 'not a library');
  const load = () => withAddon(file, (loader) => loader.native());
  expect(load).toThrow(new RegExp(`${process.platform}-${process.arch} with Node v[\\s\\S]*text\\.node: .+`));
  expect(load).toThrow('Build it with `npx diffusion-samplers build`');
});

test('the file that was loaded can be asked', () => {
  const [file, files] = withAddon(undefined, (loader) => [loader.addonFile(), loader.addonFiles()]);
  expect(files).toContain(file);
});
