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
  const settings = { ...ownOptions(client), ...changes };
  const options = { ...client._options, ...currentOptions(client), ...settings };
  const attempts: (() => Internal)[] = [];
  const own = ancestry(client).find(({ name }) => classes.has(name));
  // A subclass of the app is made by the SDK's constructor: its own may want anything.
  if (own && own !== client.constructor) attempts.push(() => Reflect.construct(own, [options], client.constructor));
  // Past a patch on the instance, which is another copy of ours.
  attempts.push(() => Object.getPrototypeOf(client).withOptions?.call(client, settings));
  for (const ancestor of ancestry(client))
    attempts.push(() => Reflect.construct(ancestor, [options], client.constructor));
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

/** The classes of the SDKs and their clouds, whose constructors take the options that the client remembers. */
const classes = new Set([
  'OpenAI',
  'AzureOpenAI',
  'BedrockOpenAI',
  'Anthropic',
  'AnthropicBedrock',
  'AnthropicBedrockMantle',
  'AnthropicAws',
  'AnthropicVertex',
  'AnthropicFoundry',
]);

function ancestry(client: Internal): Internal[] {
  const found: Internal[] = [];
  for (let ancestor = client.constructor; ancestor?.prototype; ancestor = Object.getPrototypeOf(ancestor))
    found.push(ancestor);
  return found;
}

/** Ten minutes, ms, in every version. */
const defaultTimeout = 600_000;

/** Where a cloud's client asks, and who: its constructor wants them again, and its SDK does not remember them. */
const cloudOptions = [
  'apiVersion',
  'region',
  'projectId',
  'awsRegion',
  'awsAccessKey',
  'awsSecretKey',
  'awsSessionToken',
  'providerChainResolver',
];

/** What a client has or is beside the options that its SDK remembers and carries over. */
function ownOptions(client: Internal): object {
  const { apiKey, timeout, apiVersion, deploymentName, _azureADTokenProvider, _auth, _options } = client;
  const asked = _options.apiKey;
  const isDefault = _options.timeout === undefined && timeout === defaultTimeout;
  return {
    // Both SDKs do other things with a time-out that was given, if it is the default that they carry over as given.
    timeout: isDefault ? undefined : timeout,
    // A key that is asked for anew with each request; the client itself only knows the last one.
    ...(typeof asked === 'function' && { apiKey: asked }),
    // One that the app has set since, which not every withOptions() carries over.
    ...(typeof asked === 'string' && typeof apiKey === 'string' && apiKey !== asked && { apiKey }),
    ...Object.fromEntries(cloudOptions.filter((name) => client[name] != null).map((name) => [name, client[name]])),
    // Credentials are looked for once.
    ...(typeof _auth?.getClient === 'function' && { googleAuth: _auth }),
    ...(typeof apiVersion === 'string' && { deployment: deploymentName }),
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
