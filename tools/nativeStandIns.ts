// Two of VS Code's native modules have to be compiled, which needs a C++ compiler and a minute. Each constant here is
// the source of a CommonJS module with the same interface in plain JavaScript.

/**
 * `@vscode/spdlog` writes the log files. Without it there are none, and the tests read them. Lines look as those of
 * VS Code: `2026-11-22 11:10:07.340 [info] text`.
 */
export const spdlogInJavaScript = String.raw`'use strict';
const fs = require('node:fs');
const path = require('node:path');
const levels = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];

class Logger {
  #file; #level = 2; #formatted = true;
  constructor(_type, _name, file) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    this.#file = file;
    fs.appendFileSync(file, '');
  }
  #write(level, message) {
    if (level < this.#level) return;
    const now = new Date();
    const time = new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 23).replace('T', ' ');
    const line = this.#formatted ? time + ' [' + levels[level] + '] ' + message + '\n' : message;
    try { fs.appendFileSync(this.#file, line); } catch { /* the folder went away with the test */ }
  }
  trace(message) { this.#write(0, message); }
  debug(message) { this.#write(1, message); }
  info(message) { this.#write(2, message); }
  warn(message) { this.#write(3, message); }
  error(message) { this.#write(4, message); }
  critical(message) { this.#write(5, message); }
  getLevel() { return this.#level; }
  setLevel(level) { this.#level = level; }
  setPattern() {}
  clearFormatters() { this.#formatted = false; }
  flush() {}
  drop() {}
}
const create = async (name, file, size, count) => new Logger('rotating', name, file, size, count);
// Each by its name: VS Code imports this as an ES module, and Node finds the names by reading the text.
exports.version = 0;
exports.Logger = Logger;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
`;

/** `@vscode/native-watchdog` ends an extension host whose parent is gone. Ours end with the leash (leash.ts). */
export const nativeWatchdogInJavaScript = `'use strict';
exports.start = () => {};
exports.exit = (code) => process.exit(code || 0);
`;
