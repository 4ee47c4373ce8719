/** The diagnosis for people. */
import type { Diagnosis, Finding } from './doctor';
import { pairs } from './table';

const MARK: Record<Finding, string> = { good: 'ok', absent: '--', bad: 'NO' };

/** What is to be done is told apart by what needs it. */
const NEEDED_FOR: Record<string, string> = {
  cuda: 'to sample on a GPU',
  onnxruntime: 'to run ONNX networks',
};

export function doctorText({ usable, platform, checks }: Diagnosis): string {
  const entries = checks.flatMap(({ name, finding, found, remedy }) => {
    const [first = '', ...more] = found.split('\n');
    const lines: [string, string][] = [
      [`${MARK[finding]}  ${name}`, first],
      ...more.map((l): [string, string] => ['', l]),
    ];
    const need = NEEDED_FOR[name];
    if (remedy !== null) {
      lines.push(['', finding === 'absent' && need !== undefined ? `${need}: ${remedy}` : remedy]);
    }
    return lines;
  });
  const verdict = usable
    ? `Samples can be drawn on this machine (${platform}).`
    : `Nothing can be drawn on this machine (${platform}) yet.`;
  return `${pairs(entries).join('\n')}\n\n${verdict}\n`;
}
