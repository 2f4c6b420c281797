/**
 * The head of an export request as exporters write it, read in one go. Anything else, be it wrong or only unusual, is
 * not understood here, and is node:http's to answer.
 */
import { type ContentEncoding, contentEncodings } from './body.ts';
import type { Signal } from './signal.ts';
import { type Encoding, encodingOf } from './status.ts';

export interface Head {
  /** Its own length, with the empty line. */
  readonly bytes: number;
  readonly bodyBytes: number;
  readonly signal: Signal;
  readonly encoding: Encoding;
  readonly compression: ContentEncoding;
  readonly host: string;
  readonly authorization: string | undefined;
}

const mostBytes = 4_096;

/** Printable words with single spaces between them: no folding, no empty value, no byte that could be read two ways. */
const plain = /^POST \/v1\/(traces|logs) HTTP\/1\.1\r\n(?:[\w-]+: [\x21-\x7e]+(?: [\x21-\x7e]+)*\r\n)+\r\n$/;

/** They change how a request is read or answered. */
const special = new Set(['expect', 'origin', 'proxy-connection', 'trailer', 'transfer-encoding', 'upgrade']);

/** @returns undefined when these bytes do not begin with a whole head that is understood. */
export function readHead(bytes: Buffer): Head | undefined {
  if (bytes[0] !== 0x50) return undefined;
  const text = bytes.toString('latin1', 0, mostBytes);
  const end = text.indexOf('\r\n\r\n') + 4;
  const signal = plain.exec(end < text.length ? text.slice(0, end) : text)?.[1];
  if (signal === undefined) return undefined;
  let host: string | undefined;
  let length: string | undefined;
  let type: string | undefined;
  let compression: string | undefined;
  let authorization: string | undefined;
  for (let at = text.indexOf('\r\n') + 2; at < end - 2; ) {
    const colon = text.indexOf(':', at);
    const next = text.indexOf('\r\n', colon) + 2;
    const name = text.slice(at, colon).toLowerCase();
    const value = text.slice(colon + 2, next - 2);
    at = next;
    switch (name) {
      case 'host':
        if (host !== undefined) return undefined;
        host = value;
        break;
      case 'content-length':
        if (length !== undefined || !/^\d{1,9}$/.test(value)) return undefined;
        length = value;
        break;
      case 'content-type':
        if (type !== undefined) return undefined;
        type = value;
        break;
      case 'content-encoding':
        if (compression !== undefined) return undefined;
        compression = value.toLowerCase();
        break;
      case 'authorization':
        if (authorization !== undefined) return undefined;
        authorization = value;
        break;
      case 'connection':
        if (value.toLowerCase() !== 'keep-alive') return undefined;
        break;
      default:
        if (special.has(name)) return undefined;
    }
  }
  const encoding = encodingOf(type);
  const inflated = (compression ?? 'identity') as ContentEncoding;
  if (host === undefined || length === undefined || !encoding || !contentEncodings.includes(inflated)) return undefined;
  return {
    bytes: end,
    bodyBytes: Number(length),
    signal: signal as Signal,
    encoding,
    compression: inflated,
    host,
    authorization,
  };
}
