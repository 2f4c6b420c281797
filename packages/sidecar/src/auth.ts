/** Who may knock: a bearer token, told from others in constant time; and which addresses may be listened on without one. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Says whether an `authorization` header carries the token. */
export type Admits = (authorization: string | undefined) => boolean;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export function admitting(token: string): Admits {
  const wanted = digest(token);
  return (authorization) => {
    const given = /^bearer +(.+)$/i.exec(authorization ?? '')?.[1]?.trim();
    return given !== undefined && timingSafeEqual(digest(given), wanted);
  };
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host);

/** @throws Error when everybody in the network could knock. */
export function checkExposure(host: string, token: string | undefined): void {
  if (isLoopback(host) || token !== undefined) return;
  throw new Error(
    `${host} is not a loopback address, so others could send, read and delete: give a token (ROUTESCOPE_TOKEN or --token-file), or listen on 127.0.0.1`,
  );
}
