/** Finds the ONNX Runtime library: an explicit path, or the one inside the optional peer onnxruntime-node. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expected, ModelError } from '../errors';

const PEER = 'onnxruntime-node';
const REMEDY = `Install it with \`npm install ${PEER}\`, or give the path of a libonnxruntime as \`library\`.`;
const FILES: Partial<Record<NodeJS.Platform, RegExp>> = {
  linux: /^libonnxruntime\.so(\.\d+)*$/,
  darwin: /^libonnxruntime(\.[\d.]+)?\.dylib$/,
  win32: /^onnxruntime\.dll$/,
};

function peerFolder(): string {
  try {
    return dirname(require.resolve(`${PEER}/package.json`, { paths: [process.cwd(), __dirname] }));
  } catch (cause) {
    throw new ModelError(`ONNX Runtime was not found: the package ${PEER} is not installed.`, { hint: REMEDY, cause });
  }
}

/** @throws ModelError with the remedy where there is none. */
export function onnxLibrary(explicit: string | undefined): string {
  if (explicit !== undefined) {
    if (typeof explicit !== 'string') throw expected('the path of a libonnxruntime', 'library', explicit);
    if (!existsSync(explicit)) throw expected('the path of an existing libonnxruntime', 'library', explicit);
    return explicit;
  }
  const bin = join(peerFolder(), 'bin');
  const pattern = FILES[process.platform];
  const apis = existsSync(bin) ? readdirSync(bin).filter((name) => name.startsWith('napi-v')) : [];
  for (const api of apis) {
    const folder = join(bin, api, process.platform, process.arch);
    const files = existsSync(folder) ? readdirSync(folder).filter((name) => pattern?.test(name)) : [];
    const file = files.sort((a, b) => a.length - b.length)[0];
    if (file !== undefined) return join(folder, file);
  }
  throw new ModelError(`${PEER} at ${bin} has no library for ${process.platform}-${process.arch}.`, { hint: REMEDY });
}
