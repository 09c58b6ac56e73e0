// A client's socket as procedures see it: who it is now, and whether it can take more.

/** Over HTTP there is none. */
export interface LiveSocket {
  /** Of this process's own making; presence does not come back to where it came from. */
  readonly id: string;
  /**
   * The session goes on under a new access token. Refuses with `unauthenticated` if the token is of another session,
   * unknown or has run out.
   */
  present(accessToken: string): Promise<void>;
  /** False: what was sent before still waits for the network. Optional things are left out, large ones wait. */
  hasRoom(): boolean;
  /** Resolves when there is room, or with false when the socket is closed. */
  untilRoom(): Promise<boolean>;
}
