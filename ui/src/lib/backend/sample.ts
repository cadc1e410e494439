import type { Backend } from './backend';
export function sampleBackend(_query: URLSearchParams): Backend {
  throw new Error('not yet');
}
