/**
 * Message threads of @anthropic-ai/sdk 1, over which its tool runner runs too: they make each turn with the
 * `beta.messages.create` that is watched, and then build a promise and a stream of their own on what came of it.
 */
import { guard } from '../telemetry.ts';
import { currentLoop, replace, watchBuiltOn, withRider } from './patch.ts';

// biome-ignore lint/suspicious/noExplicitAny: the SDKs' internals have no public types.
type Internal = any;

/** @param messages the resource `beta.messages`. Where it has no threads, nothing is done. */
export function patchThreads(messages: Internal): void {
  replace(messages, 'thread', (original) => {
    return function (this: unknown, ...given: unknown[]): unknown {
      const thread = original.apply(this, given);
      guard(() => patchThread(thread));
      return thread;
    };
  });
  replace(messages, '_toolRunnerThread', (original) => {
    return function (this: unknown, ...given: unknown[]): unknown {
      const made = original.apply(this, given);
      guard(() => {
        const { _state } = made.thread;
        const loop = currentLoop();
        if (loop) _state.options = withRider(_state.options, loop);
        patchThread(made.thread);
      });
      return made;
    };
  });
}

function patchThread(thread: Internal): void {
  replace(thread, '_stream', (original) => {
    return function (this: unknown, stream: Internal, ...more: unknown[]): unknown {
      guard(() =>
        replace(stream, '_start', (start) => {
          return function (this: unknown, create: Internal, ...rest: unknown[]): unknown {
            return start.call(this, (...given: unknown[]) => watchBuiltOn(create(...given)), ...rest);
          };
        }),
      );
      return original.call(this, stream, ...more);
    };
  });
}
