/** A working copy of a client, that nobody else holds: whatever is patched on it, the app's own stays as it was. */

// biome-ignore lint/suspicious/noExplicitAny: the SDKs' internals have no public types.
type Internal = any;

/** What an app may have set on its client since it made it, where the SDK has no `withOptions` to carry it over. */
const settable = ['baseURL', 'apiKey', 'authToken', 'organization', 'project', 'timeout', 'maxRetries', 'fetch'];

/**
 * @param client of an SDK's own class, of a cloud's variant, or of an app's subclass, whose constructor may want
 *   something else than the SDK's does.
 * @param changes options that the copy has and the client has not.
 * @throws Error of the SDK, when no constructor takes the client's options.
 */
export function copyOf(client: Internal, changes: object): Internal {
  const settings = { ...cloudOptions(client), ...changes };
  // Past a patch on the instance, which is another copy of ours.
  const { withOptions } = Object.getPrototypeOf(client);
  const attempts = [() => withOptions?.call(client, settings)];
  const options = { ...client._options, ...currentOptions(client), ...settings };
  for (let ancestor = client.constructor; ancestor?.prototype; ancestor = Object.getPrototypeOf(ancestor)) {
    attempts.push(() => Reflect.construct(ancestor, [options], client.constructor));
  }
  let problem: unknown;
  for (const attempt of attempts) {
    try {
      const copy = attempt();
      if (copy && copy !== client && copy.baseURL === client.baseURL && typeof copy._options === 'object')
        return withFields(copy, client);
    } catch (error) {
      problem ??= error;
    }
  }
  throw (
    problem ?? new TypeError('observe() found no way to copy this client: it is made from other options than the SDK’s')
  );
}

/** What variants of a client keep beside the options that their SDK remembers. */
function cloudOptions(client: Internal): object {
  const { apiVersion, deploymentName, _azureADTokenProvider, _options } = client;
  const asked = _options.apiKey;
  return {
    // A key that is asked for anew with each request; the client itself only knows the last one.
    ...(typeof asked === 'function' && { apiKey: asked }),
    ...(typeof apiVersion === 'string' && { apiVersion, deployment: deploymentName }),
    ...(_azureADTokenProvider && { azureADTokenProvider: _azureADTokenProvider, apiKey: undefined }),
  };
}

function currentOptions(client: Internal): object {
  return Object.fromEntries(settable.filter((name) => client[name] !== undefined).map((name) => [name, client[name]]));
}

/** A subclass whose constructor was passed over has fields of its own. */
function withFields(copy: Internal, client: Internal): Internal {
  for (const [name, field] of Object.entries(Object.getOwnPropertyDescriptors(client)))
    if (!Object.hasOwn(copy, name)) Object.defineProperty(copy, name, field);
  return copy;
}
