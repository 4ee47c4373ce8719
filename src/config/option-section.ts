/** The part of a config that holds options: its keys in camelCase, and how the user spelled them. */
import { describe, type ConfigIssue } from '../errors';
import { samplerEntry, samplerNames } from '../samplers/registry';
import type { ConfigReader } from './config-reader';
import { join } from './config-reader';
import { nearest, toCamel, toSnake } from './spelling';

const SUGGESTIONS = 20;

/** Whose option a key is, where it belongs to another sampler. */
function owner(key: string): string | undefined {
  return samplerNames().find((name) => Object.hasOwn(samplerEntry(name)?.options()?.shape ?? {}, key));
}

export class OptionSection {
  /** Path as the user spelled it, by path in camelCase. */
  private readonly spelled = new Map<string, string>();
  private readonly camelStyle: boolean;

  /** @param root Path of the section: '' is the config itself. */
  constructor(
    private readonly reader: ConfigReader,
    section: object,
    readonly root: string,
  ) {
    this.camelStyle = Object.keys(section).some((key) => /^[a-z]+[A-Z]/.test(key));
  }

  private style(key: string): string {
    return this.camelStyle ? key : toSnake(key);
  }

  /** The user's spelling of a path in camelCase, such as ['samplingTimeKwargs', 'tStart'] or ['timeGrid', 3]. */
  path(parts: readonly PropertyKey[]): string {
    let path = this.root;
    let camel = '';
    for (const part of parts) {
      camel = join(camel, part);
      path = this.spelled.get(camel) ?? join(path, typeof part === 'string' ? this.style(part) : part);
    }
    return path;
  }

  /**
   * Reads the options of `value` once.
   *
   * @param parent Path of `value` in camelCase, below the section.
   * @param known Keys there are, in camelCase; undefined where any goes.
   * @param skipped Keys that are somebody else's.
   */
  read(
    value: object,
    parent: readonly string[],
    known: readonly string[] | undefined,
    skipped: readonly string[] = [],
  ): Record<string, unknown> {
    const { reader } = this;
    const values: Record<string, unknown> = {};
    const own = parent.length === 0 ? this.root : this.path(parent);
    for (const key of reader.keys(value, own)) {
      if (skipped.includes(key)) continue;
      const path = join(own, key);
      const camel = toCamel(key);
      if (known !== undefined && (!known.includes(camel) || (key !== camel && key !== toSnake(camel)))) {
        this.refuseKey(key, own, known);
        continue;
      }
      const camelPath = [...parent, camel].reduce(join, '');
      const other = this.spelled.get(camelPath);
      if (other !== undefined) {
        reader.refuse('one spelling', path, `received \`${other}\` beside it`);
        continue;
      }
      this.spelled.set(camelPath, path);
      const before = reader.issues.length;
      const copied = reader.copy(reader.get(value, key, path), path);
      if (copied !== undefined && reader.issues.length === before) values[camel] = copied;
    }
    return values;
  }

  private refuseKey(key: string, own: string, known: readonly string[]): void {
    // Suggestions cost time, and nobody reads the hundredth.
    const suggests = this.reader.issues.length < SUGGESTIONS;
    const meant = suggests ? nearest(key, known) : undefined;
    const belongs = suggests ? owner(toCamel(key)) : undefined;
    const hint =
      meant !== undefined
        ? `Did you mean '${this.style(meant)}'?`
        : belongs !== undefined
          ? `It is an option of '${belongs}'.`
          : '';
    const names = known.map((name) => this.style(name)).join(', ');
    const message = `Expected one of ${names} for \`${own === '' ? 'config' : own} key\` but received ${describe(key)}.`;
    this.reader.issues.push({ path: join(own, key), message: hint === '' ? message : `${message} ${hint}` });
  }

  /** What a constructor refused, where it stands and in the user's spelling; constructors speak camelCase. */
  refusal(option: string | undefined, message: string): ConfigIssue {
    const spelled = message.replace(/`([\w$.[\]]+)( key)?`/g, (_, named: string, key: string = '') => {
      return `\`${named === 'config' ? this.root || 'config' : this.path(parts(named))}${key}\``;
    });
    if (option === undefined) return { path: this.root, message: spelled };
    const own = option.replace(/ key$/, '');
    const parent = own === 'config' ? [] : parts(own);
    const unknown = /^Expected one of ([\w, ]+) for (.+) but received '(\w+)'\.$/.exec(spelled);
    if (own === option || unknown === null) return { path: this.path(parent), message: spelled };
    const [, known = '', place = '', key = ''] = unknown;
    const path = this.path([...parent, key]);
    const names = known.split(', ').map((name) => this.style(name));
    const written = path.slice(path.lastIndexOf('.') + 1);
    return { path, message: `Expected one of ${names.join(', ')} for ${place} but received '${written}'.` };
  }
}

/** 'samplingTimeKwargs.tStart' and 'timeGrid[3]' in parts. */
function parts(option: string): (string | number)[] {
  return option
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}
