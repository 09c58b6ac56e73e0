import { expect, test } from 'vitest';
import { isSearchedFolder, kindOf, planImport } from './importPlan.ts';

const file = (path: string, more: { size?: number; picked?: boolean } = {}) => ({
  segments: path.split('/'),
  size: more.size ?? 100,
  picked: more.picked ?? false,
});

test('prompt files, skills, Markdown and our own exports are told apart', () => {
  expect(['a.prompt.md', 'SKILL.md', 'a.MD', 'a.cue.md'].map(kindOf)).toEqual([
    'prompt.md',
    'skill',
    'markdown',
    'cue',
  ]);
  expect(['a.txt', 'a.draft.cue.md', 'md'].map(kindOf)).toEqual([null, null, null]);
});

test('folders become folders, and a skill takes the place of its own', () => {
  const plan = planImport([file('team/review/a.prompt.md'), file('skills/pdf/SKILL.md'), file('SKILL.md')]);
  expect(plan.files.map(({ kind, folders }) => [kind, folders])).toEqual([
    ['prompt.md', ['team', 'review']],
    ['skill', ['skills']],
    ['skill', []],
  ]);
});

test("a skill's other files and a project's own texts are not prompts, unless picked by hand", () => {
  const plan = planImport([
    file('pdf/SKILL.md'),
    file('pdf/reference/forms.md'),
    file('README.md'),
    file('CHANGELOG.md', { picked: true }),
  ]);
  expect(plan.files.map((planned) => planned.file.segments.at(-1))).toEqual(['SKILL.md', 'CHANGELOG.md']);
  expect(plan.skipped.map(({ reason }) => reason)).toEqual(['partOfSkill', 'aboutProject']);
});

test('a file that is too large is reported, not read', () => {
  expect(planImport([file('a.md', { size: 2 ** 20 + 1, picked: true })]).skipped[0]?.reason).toBe('tooLarge');
});

test('folders of tools and of versions are not searched', () => {
  expect(['node_modules', '.git', 'review.history', '.github', 'docs'].map(isSearchedFolder)).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});
