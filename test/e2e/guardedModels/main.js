// Offers `private`, which needs the user's consent and streams back what it was sent, and `spent`, whose quota is used
// up. Asking for consent is a proposed API of VS Code (`chatProvider`), which code-server allows to all extensions.
import * as vscode from 'vscode';

const model = (id, more) => ({
  id,
  name: id,
  family: id,
  version: '1',
  maxInputTokens: 8000,
  maxOutputTokens: 1000,
  capabilities: {},
  ...more,
});

const textOf = (message) =>
  message.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');

export function activate(context) {
  let models = [model('private', { requiresAuthorization: { label: 'Ana' } }), model('spent', {})];
  const changed = new vscode.EventEmitter();
  const provider = {
    onDidChangeLanguageModelChatInformation: changed.event,
    provideLanguageModelChatInformation: () => models,
    async provideLanguageModelChatResponse(chosen, messages, _options, progress) {
      if (chosen.id === 'spent') throw vscode.LanguageModelError.Blocked('Quota exceeded');
      for (const message of messages)
        progress.report(new vscode.LanguageModelTextPart(`${textOf(message)}\n\n`));
    },
    provideTokenCount: async (_model, text) =>
      (typeof text === 'string' ? text : textOf(text)).split(/\s+/).length,
  };
  context.subscriptions.push(
    changed,
    vscode.lm.registerLanguageModelChatProvider('guarded', provider),
    vscode.commands.registerCommand('guardedModels.withdraw', () => {
      models = [];
      changed.fire();
    }),
  );
}
