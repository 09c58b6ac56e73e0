// How VS Code reaches an address, for the worker that talks to servers: the proxy of its settings or of the environment,
// and whether it trusts what the operating system trusts. A proxy that only the operating system knows (a PAC file) is
// not found: VS Code has no way to ask for it outside its own requests.

import * as vscode from 'vscode';
import type { NetworkWay } from '../../library/teams.ts';
import { proxyFor } from './proxyFor.ts';

export async function networkWay(address: string): Promise<NetworkWay> {
  const http = vscode.workspace.getConfiguration('http');
  const proxy = proxyFor(address, {
    isOff: http.get<string>('proxySupport', 'override') === 'off',
    setting: http.get<string>('proxy', ''),
    exceptions: http.get<readonly string[]>('noProxy', []),
    environment: process.env,
  });
  return { proxy, systemCertificates: http.get<boolean>('systemCertificates', true) };
}
