/** What package.json promises to those who install it. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..', '..');

interface Manifest {
  scripts: Record<string, string>;
  gypfile: boolean;
  files: string[];
  dependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

test('nothing runs when it is installed', () => {
  // Such a script of a dependency runs under some npm versions, is blocked under others, and is an error where scripts
  // are gated; `prepare` is one of them for a tarball. A clone builds in `postprepare`, which only a root project runs.
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare'])
    expect(manifest.scripts).not.toHaveProperty(script);
  expect(manifest.gypfile).toBe(false);
  expect(manifest.files.filter((file) => file.includes('gyp'))).toEqual([]);
});

test('every peer is optional', () => {
  for (const meta of Object.values(manifest.peerDependenciesMeta)) expect(meta.optional).toBe(true);
});

test('what the addon is built from is part of the package', () => {
  for (const part of ['CMakeLists.txt', 'cmake', 'cuda', 'native', 'scripts/build-native.cjs']) {
    expect(manifest.files).toContain(part);
    expect(existsSync(join(ROOT, part))).toBe(true);
  }
  expect(Object.keys(manifest.dependencies)).toEqual(expect.arrayContaining(['node-addon-api', 'node-api-headers']));
});

test('the build script needs no file that is not part of the package', () => {
  const packed = manifest.files.filter((file) => file.startsWith('scripts/'));
  for (const file of packed) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [, needed] of text.matchAll(/require\('\.\/([^']+)'\)/g)) expect(packed).toContain(`scripts/${needed}`);
  }
});
