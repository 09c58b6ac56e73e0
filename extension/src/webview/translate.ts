// The panel's words in the user's language: the page brings the translations along, by the English text.

import { config, t } from '@vscode/l10n';

config({ contents: document.documentElement.dataset['translations'] ?? '{}' });

export { t };
