// Where this repository lies. Every script of `tools/` works from here, whatever folder it was started in.
import path from 'node:path';

export const repositoryRoot = path.dirname(import.meta.dirname);
/** Ignored by git: what may be thrown away and is made again. */
export const cacheFolder = path.join(repositoryRoot, '.cache');
/** Ignored by git: what a run leaves to be looked at (screenshots, logs, the .vsix). */
export const artefactsFolder = path.join(repositoryRoot, 'artefacts');
