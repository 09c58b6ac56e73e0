// Version messages on their way from the question to the save that they belong to, by the document's address.

export interface SaveMessages {
  put(key: string, message: string): void;
  /** Once: the message is gone afterwards. Empty if there is none. */
  take(key: string): string;
}

export function createSaveMessages(): SaveMessages {
  const messages = new Map<string, string>();
  return {
    put: (key, message) => void messages.set(key, message),
    take(key) {
      const message = messages.get(key) ?? '';
      messages.delete(key);
      return message;
    },
  };
}
