// Entry of the run panel's page: connects the panel with the extension host.

import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode/codicons/dist/codicon.css';
import './panel.css';
import type { HostMessage, PanelRequest } from '../run/panelProtocol.ts';
import { RunPanel } from './runPanel.ts';

declare function acquireVsCodeApi(): { postMessage(message: PanelRequest): void };

const host = acquireVsCodeApi();

customElements.define('cuebook-run-panel', RunPanel);
const panel = new RunPanel();
panel.send = (request) => host.postMessage(request);
window.addEventListener('message', (event: MessageEvent<HostMessage>) => {
  if (event.data.type === 'state' || event.data.type === 'delta') panel.receive(event.data);
});
document.body.append(panel);
host.postMessage({ type: 'ready' });
