// Settings of every VS Code that a script starts: no telemetry, no updates, and none of VS Code's own offers in the way of
// what is looked at. `chat.disableAIFeatures` hides its chat; extensions' models (`vscode.lm`) stay.

export const quietSettings = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'workbench.enableExperiments': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.colorTheme': 'Dark Modern',
  'window.autoDetectColorScheme': false,
  'chat.disableAIFeatures': true,
  'chat.agentHost.enabled': false,
  'files.autoSave': 'off',
  'editor.minimap.enabled': false,
} as const;
