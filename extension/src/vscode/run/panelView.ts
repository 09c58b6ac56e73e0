// The run panel in VS Code: a view in the secondary side bar, full height beside the code, so that the editor groups stay
// free for the comparison of Replace Selection. Its page is thrown away when it is hidden and gets everything again when
// it comes back; nothing of it is kept by VS Code.

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { panelHtml } from '../../run/panelHtml.ts';
import type { HostMessage, PanelRequest } from '../../run/panelProtocol.ts';
import { parsePanelRequest } from '../../run/parsePanelRequest.ts';

export const panelViewId = 'cuebook.runPanel';

export interface PanelView extends vscode.Disposable {
  attach(view: vscode.WebviewView): void;
  /** Does nothing while the panel is not there: it asks for everything when it comes. */
  post(message: HostMessage): void;
  /** Opens the panel; takes the focus only if asked to. */
  reveal(takeFocus: boolean): Promise<void>;
}

export function createPanelView(deps: {
  readonly extensionUri: vscode.Uri;
  readonly onRequest: (request: PanelRequest) => void;
}): PanelView {
  let view: vscode.WebviewView | null = null;
  let isReady = false;
  let subscriptions: vscode.Disposable | null = null;

  const detach = (): void => {
    view = null;
    isReady = false;
    subscriptions?.dispose();
    subscriptions = null;
  };

  return {
    attach(attached) {
      detach();
      view = attached;
      const folder = vscode.Uri.joinPath(deps.extensionUri, 'dist', 'webview');
      const { webview } = attached;
      webview.options = { enableScripts: true, enableForms: false, localResourceRoots: [folder] };
      subscriptions = vscode.Disposable.from(
        webview.onDidReceiveMessage((message: unknown) => {
          const request = parsePanelRequest(message);
          if (request === null) return;
          if (request.type === 'ready') isReady = true;
          deps.onRequest(request);
        }),
        attached.onDidChangeVisibility(() => {
          if (!attached.visible) isReady = false;
        }),
        attached.onDidDispose(detach),
      );
      webview.html = panelHtml({
        script: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'main.js')).toString(),
        style: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'main.css')).toString(),
        source: webview.cspSource,
        nonce: randomBytes(18).toString('base64url'),
        language: vscode.env.language,
        translations: vscode.l10n.bundle ?? {},
      });
    },
    post(message) {
      if (isReady) void view?.webview.postMessage(message);
    },
    async reveal(takeFocus) {
      if (view !== null && view.visible && !takeFocus) return;
      await vscode.commands.executeCommand(`${panelViewId}.focus`, { preserveFocus: !takeFocus });
    },
    dispose: detach,
  };
}
