/** `node --import @routescope/sdk/register app.js`: start() with settings from the environment; StartOptions names them. */
import { start } from './index.ts';

start();
