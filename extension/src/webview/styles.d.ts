// The bundler makes one style sheet of these.
declare module '*.css';
