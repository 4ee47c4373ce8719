/** Reads a config once into copies that are safe to keep: no getter, cycle or prototype of it comes further than here. */
import { describe, printable, type ConfigIssue } from '../errors';
import { MAX_STEPS } from '../samplers/samplers';

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const MAX_DEPTH = 64;
const MAX_VALUES = 2 * MAX_STEPS;

/** A plain object of any realm: its prototype is nobody's child. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What an error says, whatever was thrown. */
export function reason(error: unknown): string {
  return error instanceof Error && typeof error.message === 'string' ? printable(error.message) : describe(error);
}

/** 'sampler' and 'num_sampling_steps' -> 'sampler.num_sampling_steps'; an index or an odd key in brackets. */
export function join(path: string, key: PropertyKey): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (typeof key === 'symbol' || !/^[\w$-]{1,60}$/.test(key)) {
    return `${path}[${typeof key === 'symbol' ? printable(String(key)) : describe(key)}]`;
  }
  return path === '' ? key : `${path}.${key}`;
}

/** Collects what is wrong while a config is read. */
export class ConfigReader {
  readonly issues: ConfigIssue[] = [];
  private readonly copies = new Map<object, unknown>();
  private readonly open = new Set<object>();
  private valueCount = 0;

  /** Adds an issue in the one grammar of refusals. */
  refuse(expectation: string, path: string, came: string, hint = ''): void {
    const message = `Expected ${expectation} for \`${path === '' ? 'config' : path}\` but ${came}.`;
    this.issues.push({ path, message: hint === '' ? message : `${message} ${hint}` });
  }

  /** Own keys; those that reach for a prototype and symbols are refused. */
  keys(value: object, path: string): string[] {
    return Reflect.ownKeys(value).filter((key): key is string => {
      if (typeof key === 'string' && !FORBIDDEN.has(key)) return true;
      this.refuse('no such key', join(path, key), 'received one');
      return false;
    });
  }

  /** A property, read; undefined and an issue where its getter throws. */
  get(value: object, key: string | number, path: string): unknown {
    try {
      return (value as Record<string | number, unknown>)[key];
    } catch (error) {
      this.refuse('a value that can be read', path, `reading it threw: ${reason(error)}`);
      return undefined;
    }
  }

  /** Arrays and plain objects are copied through; functions and instances of classes pass as they are. */
  copy(value: unknown, path: string): unknown {
    const isArray = Array.isArray(value);
    if (!isArray && !isPlainObject(value)) return value;
    if (this.copies.has(value)) return this.copies.get(value);
    if (this.open.has(value)) return this.refuse('a value without cycles', path, 'received one that holds itself');
    if (this.open.size >= MAX_DEPTH) return this.refuse(`at most ${MAX_DEPTH} levels`, path, 'received more');
    this.open.add(value);
    const copied = isArray ? this.copyArray(value, path) : this.copyObject(value, path);
    this.open.delete(value);
    this.copies.set(value, copied);
    return copied;
  }

  private copyArray(value: readonly unknown[], path: string): unknown[] {
    this.valueCount += value.length;
    if (this.valueCount > MAX_VALUES) {
      this.refuse(`at most ${MAX_VALUES} values`, path, 'received more');
      return [];
    }
    return Array.from({ length: value.length }, (_, i) => this.copy(this.get(value, i, join(path, i)), join(path, i)));
  }

  private copyObject(value: object, path: string): object {
    return Object.fromEntries(
      this.keys(value, path).map((key) => [key, this.copy(this.get(value, key, join(path, key)), join(path, key))]),
    );
  }
}
