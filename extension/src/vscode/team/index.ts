// Servers, accounts and teams in the editor. Light at activation: the status bar asks for the overview, and everything
// else is loaded when it is used.

import * as vscode from 'vscode';
import type { AccountId, Teams } from '../../library/teams.ts';
import { registerAuthentication } from '../account/authenticationProvider.ts';
import type { Returns } from '../account/provider.ts';
import type { SignInDeps } from '../account/signIn.ts';
import type { Feature, Services } from '../services.ts';
import { tellEndings } from '../sync/endings.ts';
import { registerPresence } from '../sync/presence.ts';
import { createStatusItem, hasServer, syncMenuCommand } from '../sync/statusItem.ts';
import { createSyncLog } from '../sync/syncLog.ts';

export const registerTeams: Feature = (services) => {
  const { teams, library, context } = services;
  const addresses = createAddresses(context);
  const deps: SignInDeps = { services, returns: addresses };
  const account = async () => import('../account/signIn.ts');
  const team = async () => import('./teams.ts');
  const signIn = async (): Promise<AccountId | null> => (await account()).signIn(deps);
  const log = createSyncLog(teams);
  addresses.onJoin(async (text) => (await team()).joinTeam(deps, text));

  const commands: Readonly<Record<string, (given: unknown) => Promise<unknown>>> = {
    'cuebook.signIn': signIn,
    'cuebook.signOut': async (given) => (await import('../account/account.ts')).signOut(teams, given),
    'cuebook.setUpDevice': async (given) => (await import('../account/account.ts')).setUp(teams, given),
    'cuebook.approveDevice': async (given) => (await import('../account/account.ts')).approve(teams, given),
    'cuebook.showDevices': async (given) => (await import('../account/account.ts')).devices(teams, given),
    'cuebook.showFingerprint': async (given) =>
      (await import('../account/account.ts')).fingerprint(teams, given),
    'cuebook.manageAccount': async (given) => (await import('../account/account.ts')).manage(teams, given),
    'cuebook.createTeam': async () => (await team()).createTeam(teams),
    'cuebook.attachPersonal': async (given) => (await team()).attachPersonal(teams, given),
    'cuebook.inviteToTeam': async (given) => (await team()).inviteTo(teams, given),
    'cuebook.joinTeam': async (given) =>
      (await team()).joinTeam(deps, typeof given === 'string' ? given : null),
    'cuebook.showMembers': async (given) => (await import('./members.ts')).showMembers(teams, given),
    'cuebook.manageTeam': async (given) => (await import('./manageTeam.ts')).manageTeam(teams, given),
    'cuebook.leaveTeam': async (given) => (await team()).leaveTeam(teams, given),
    'cuebook.deleteTeam': async (given) => (await team()).deleteTeam(teams, given),
    'cuebook.bringTeamBack': async (given) => (await team()).bringTeamBack(teams, given),
    'cuebook.forgetTeam': async (given) => (await team()).forgetTeam(teams, given),
    'cuebook.reconnect': async () => teams.reconnect(),
    'cuebook.showSyncLog': async () => log.show(),
    [syncMenuCommand]: async () => (await import('../sync/menu.ts')).showSyncMenu(teams),
  };
  return vscode.Disposable.from(
    addresses,
    log,
    createStatusItem(teams, context.globalState),
    registerPresence(teams, library),
    tellEndings(teams, context.globalState),
    hurryOnFocus(teams, context.globalState),
    registerAuthentication({ teams, signIn }),
    ...Object.entries(commands).map(([id, run]) => vscode.commands.registerCommand(id, run)),
  );
};

/** Who comes back to the window expects that it has caught up: a pause between two attempts ends here. */
function hurryOnFocus(teams: Teams, state: vscode.Memento): vscode.Disposable {
  return vscode.window.onDidChangeWindowState(({ focused }) => {
    if (focused && hasServer(state)) void teams.reconnect('waiting');
  });
}

interface Addresses extends Returns, vscode.Disposable {
  onJoin(join: (text: string) => Promise<void>): void;
}

/** `vscode://cuebook.cuebook/join?…`, `…/signed-in?…` and `…/version?…`: what browsers and links hand to VS Code. */
function createAddresses({ extension }: Services['context']): Addresses {
  const signedIn = new vscode.EventEmitter<string>();
  let join: ((text: string) => Promise<void>) | null = null;
  const handler = vscode.window.registerUriHandler({
    handleUri: (uri) => {
      const returned = new URLSearchParams(uri.query).get('returned');
      if (uri.path === '/signed-in' && returned !== null) signedIn.fire(returned);
      if (uri.path === '/join') void join?.(uri.toString());
      if (uri.path === '/version')
        void vscode.commands.executeCommand('cuebook.openVersionLink', uri.toString(true));
    },
  });
  return {
    address: async () => {
      const own = vscode.Uri.from({
        scheme: vscode.env.uriScheme,
        authority: extension.id,
        path: '/signed-in',
      });
      // In a remote window and in a browser an address of VS Code's own may not come back: then a code is typed.
      if (vscode.env.uiKind === vscode.UIKind.Web || vscode.env.remoteName !== undefined) return null;
      return (await vscode.env.asExternalUri(own)).toString(true);
    },
    next: () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const listening = signedIn.event(resolve);
      return { returned: promise, dispose: () => listening.dispose() };
    },
    onJoin: (use) => {
      join = use;
    },
    dispose: () => vscode.Disposable.from(signedIn, handler).dispose(),
  };
}
