/** A process that answers lines: engine_bench, or a peer. Idle while others are asked. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Answer {
  /** Of one repeat. */
  seconds: number;
  bytes: number;
  elements: number;
}

type Reply = Partial<Answer> & { error?: string; missing?: string };

export class LineServer {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  private complaint = '';

  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
  ) {
    this.child = spawn(command, args, { env });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.complaint += text));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.waiting.shift()?.resolve(JSON.parse(line) as Reply);
    });
    const end = (reason: string): void => {
      this.waiting.splice(0).forEach(({ reject }) => reject(new Error(`${name}: ${reason}\n${this.complaint}`)));
    };
    this.child.on('error', (error) => end(error.message));
    this.child.on('exit', (code) => end(`ended with ${code}`));
    this.child.stdin.on('error', () => undefined); // told by 'exit'
  }

  /** @throws Error with what the process says where it cannot. */
  async ask(line: string): Promise<Answer> {
    const reply = await this.reply(line);
    if (reply.error !== undefined) throw new Error(`${this.name}: ${reply.error} (${line})`);
    return { seconds: 0, bytes: 0, elements: 0, ...reply };
  }

  /** Why it cannot work here; undefined where it can. */
  async missing(): Promise<string | undefined> {
    try {
      return (await this.reply('hello')).missing;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private reply(line: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.child.exitCode !== null) return reject(new Error(`${this.name} has ended\n${this.complaint}`));
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${line}\n`);
    });
  }

  /** Without an answer. */
  tell(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  end(): void {
    this.child.stdin.end();
  }
}
