/** The middleware composes with Zustand's in every order, and infers state, `setState` and `dashkeep`; never run. */

import { createDashboardClient, type DashboardConfig, type DashboardDocument, type DocumentState } from "@dashkeep/client";
import { dashkeep, type DashkeepOptions, type StoreDashboard, type WithDashkeep } from "@dashkeep/client/zustand";
import { expectTypeOf } from "expect-type";
import { combine, devtools, persist, redux, subscribeWithSelector } from "zustand/middleware";
import { immer } from "zustand/middleware/immer";
import { createStore, type StateCreator, type StoreApi } from "zustand/vanilla";

interface State {
  chartCustomizations: DashboardConfig["chartCustomizations"];
  theme: { id: string };
  isMenuOpen: boolean;
  setTheme: (id: string) => void;
}

const client = createDashboardClient({ baseUrl: "https://api.example.com", getToken: () => "token" });
const options = { client, projectId: "sales" };
const initial = { chartCustomizations: {}, theme: { id: "light" }, isMenuOpen: false };

type Set = (state: Partial<State>) => void;
const plain = (set: Set): State => ({ ...initial, setTheme: (id) => set({ theme: { id } }) });

/** What every store has. */
function holds(store: WithDashkeep<State>): void {
  expectTypeOf(store.getState()).toEqualTypeOf<State>();
}

// Inferred from the initializer, and as Zustand's guide writes it.
const inferred = createStore(dashkeep(() => ({ ...initial }), options));
expectTypeOf(inferred.getState()).toEqualTypeOf<{ chartCustomizations: {}; theme: { id: string }; isMenuOpen: boolean }>();
expectTypeOf(inferred.dashkeep).toEqualTypeOf<StoreDashboard>();
expectTypeOf(inferred.dashkeep.resolve).toEqualTypeOf<DashboardDocument["resolve"]>();

const store = createStore<State>()(
  dashkeep(
    (set, get, api) => {
      expectTypeOf(get()).toEqualTypeOf<State>();
      expectTypeOf(api.dashkeep).toEqualTypeOf<StoreDashboard>();
      // @ts-expect-error The state has no such member.
      set({ colour: "red" });
      return { ...initial, setTheme: (id) => set({ theme: { id } }) };
    },
    { ...options, name: "dashboard", version: 1, ownsLegacy: true, autosave: false },
  ),
);
holds(store);
expectTypeOf(store).toExtend<StoreApi<State>>();
expectTypeOf(store).toExtend<WithDashkeep<State>>();
store.setState({ isMenuOpen: true });
store.setState((state) => ({ isMenuOpen: !state.isMenuOpen }), false);
// @ts-expect-error What replaces the state is a whole one.
store.setState({ isMenuOpen: true }, true);
// @ts-expect-error The state has no such member.
store.setState({ colour: "red" });

const { dashkeep: dashboard } = store;
expectTypeOf(dashboard).toEqualTypeOf<StoreDashboard>();
expectTypeOf(dashboard).toExtend<DashboardDocument>();
expectTypeOf(dashboard.state).toEqualTypeOf<DocumentState>();
expectTypeOf(dashboard.open("other")).toEqualTypeOf<void>();
expectTypeOf(dashboard.open(null)).toEqualTypeOf<void>();
expectTypeOf(dashboard.correcting(() => store.setState({ isMenuOpen: true }))).toEqualTypeOf<void>();
expectTypeOf(dashboard.save()).toEqualTypeOf<Promise<DocumentState>>();
// @ts-expect-error A project is named by a text.
dashboard.open(7);

// Around each middleware of Zustand, and inside of it.
const immerOutside = createStore<State>()(immer(dashkeep((set) => ({ ...initial, setTheme: (id) => set((draft) => void (draft.theme.id = id)) }), options)));
holds(immerOutside);
immerOutside.setState((draft) => {
  expectTypeOf(draft.theme).toEqualTypeOf<{ id: string }>();
  draft.theme.id = "dark";
});
expectTypeOf(immerOutside.dashkeep).toEqualTypeOf<StoreDashboard>();

const immerInside = createStore<State>()(dashkeep(immer((set) => ({ ...initial, setTheme: (id) => set((draft) => void (draft.theme.id = id)) })), options));
holds(immerInside);
immerInside.setState((draft) => void (draft.theme.id = "dark"));
// @ts-expect-error A draft has no such member.
immerInside.setState((draft) => void (draft.colour = "red"));
expectTypeOf(immerInside.dashkeep).toEqualTypeOf<StoreDashboard>();

const devtoolsOutside = createStore<State>()(devtools(dashkeep((set) => ({ ...initial, setTheme: (id) => set({ theme: { id } }, false, "setTheme") }), options)));
holds(devtoolsOutside);
devtoolsOutside.setState({ isMenuOpen: true }, false, "menu");
devtoolsOutside.devtools.cleanup();
// @ts-expect-error An action is a text or an object.
devtoolsOutside.setState({ isMenuOpen: true }, false, 7);

const devtoolsInside = createStore<State>()(dashkeep(devtools((set) => ({ ...initial, setTheme: (id) => set({ theme: { id } }, false, "setTheme") })), options));
holds(devtoolsInside);
devtoolsInside.setState({ isMenuOpen: true }, false, { type: "menu" });
devtoolsInside.devtools.cleanup();

const selectedOutside = createStore<State>()(subscribeWithSelector(dashkeep(plain, options)));
const selectedInside = createStore<State>()(dashkeep(subscribeWithSelector(plain), options));
for (const each of [selectedOutside, selectedInside]) {
  holds(each);
  each.subscribe(
    ({ theme }) => theme.id,
    (id, before) => expectTypeOf([id, before]).toEqualTypeOf<string[]>(),
    { fireImmediately: true },
  );
}
// @ts-expect-error Without the middleware, a subscriber gets no selector.
store.subscribe(({ theme }) => theme.id, () => {});

const persisted = createStore<State>()(persist(dashkeep(plain, options), { name: "menu", partialize: ({ isMenuOpen }) => ({ isMenuOpen }) }));
holds(persisted);
expectTypeOf(persisted.persist.hasHydrated()).toEqualTypeOf<boolean>();

// Three deep.
const deep = createStore<State>()(devtools(subscribeWithSelector(dashkeep(immer((set) => ({ ...initial, setTheme: (id) => set((draft) => void (draft.theme.id = id), false, "setTheme") })), options))));
holds(deep);
deep.setState((draft) => void (draft.theme.id = "dark"), false, "theme");
deep.subscribe(({ isMenuOpen }) => isMenuOpen, (isOpen) => expectTypeOf(isOpen).toEqualTypeOf<boolean>());
expectTypeOf(deep.dashkeep).toEqualTypeOf<StoreDashboard>();
const deepInside = createStore<State>()(dashkeep(devtools(subscribeWithSelector(immer((set) => ({ ...initial, setTheme: (id) => set((draft) => void (draft.theme.id = id), false, "setTheme") })))), options));
holds(deepInside);
deepInside.setState((draft) => void (draft.theme.id = "dark"), false, "theme");
expectTypeOf(deepInside.dashkeep).toEqualTypeOf<StoreDashboard>();

const combined = createStore(dashkeep(combine(initial, (set) => ({ setTheme: (id: string) => set({ theme: { id } }) })), options));
expectTypeOf(combined.getState().setTheme).toEqualTypeOf<(id: string) => void>();
expectTypeOf(combined.dashkeep).toEqualTypeOf<StoreDashboard>();

const reduced = createStore(dashkeep(redux((state: typeof initial, action: { type: "menu" }) => ({ ...state, isMenuOpen: action.type === "menu" }), initial), options));
expectTypeOf(reduced.dispatch({ type: "menu" })).toEqualTypeOf<{ type: "menu" }>();
expectTypeOf(reduced.dashkeep).toEqualTypeOf<StoreDashboard>();

// A slice says which middlewares are around it.
interface ThemeSlice {
  theme: { id: string };
  setTheme: (id: string) => void;
}
const slice: StateCreator<State, [["@dashkeep/client", unknown], ["zustand/immer", never]], [], ThemeSlice> = (set) => ({ theme: { id: "light" }, setTheme: (id) => set((draft) => void (draft.theme.id = id)) });
holds(createStore<State>()(dashkeep(immer((...given) => ({ ...initial, ...slice(...given) })), options)));

// A state of another form.
interface Widgets {
  widgets: { id: string; title: string }[];
}
const mapped = createStore<Widgets>()(
  dashkeep((): Widgets => ({ widgets: [] }), {
    ...options,
    partialize: (state) => {
      expectTypeOf(state).toEqualTypeOf<Widgets>();
      return { chartCustomizations: Object.fromEntries(state.widgets.map(({ id, title }) => [id, { title }])) };
    },
    merge: (config, state) => {
      expectTypeOf(config).toEqualTypeOf<DashboardConfig>();
      expectTypeOf(state).toEqualTypeOf<Widgets>();
      return { ...state, widgets: Object.entries(config.chartCustomizations).map(([id, chart]) => ({ id, title: String(chart["title"]) })) };
    },
    migrate: (saved, version) => {
      expectTypeOf(saved).toEqualTypeOf<unknown>();
      expectTypeOf(version).toEqualTypeOf<number>();
      return { chartCustomizations: {} };
    },
  }),
);
expectTypeOf(mapped.getState()).toEqualTypeOf<Widgets>();

// A typed config.
interface Typed extends DashboardConfig {
  theme?: { id: "light" | "dark" };
}
const typed = createDashboardClient<Typed>({ baseUrl: "https://api.example.com", getToken: () => "token" });
const typedStore = createStore<State>()(
  dashkeep(plain, {
    client: typed,
    projectId: "sales",
    merge: (config, state) => {
      expectTypeOf(config).toEqualTypeOf<Typed>();
      return { ...state, theme: { ...state.theme, ...config.theme } };
    },
  }),
);
expectTypeOf(typedStore.dashkeep).toEqualTypeOf<StoreDashboard<Typed>>();
expectTypeOf(typedStore.dashkeep.state.config).toEqualTypeOf<Typed | null>();
expectTypeOf(typedStore).toExtend<WithDashkeep<State, Typed>>();
const typedDeep = createStore<State>()(devtools(immer(dashkeep(plain, { client: typed, projectId: null }))));
expectTypeOf(typedDeep.dashkeep).toEqualTypeOf<StoreDashboard<Typed>>();

// Wrong uses.
// @ts-expect-error A store needs a client.
dashkeep(plain, { projectId: "sales" });
// @ts-expect-error A store needs a project, or null.
dashkeep(plain, { client });
// @ts-expect-error An option that does not exist is a mistake.
dashkeep(plain, { ...options, storage: localStorage });
// @ts-expect-error `partialize` returns a config.
dashkeep(plain, { ...options, partialize: ({ theme }: State) => ({ theme }) });
// @ts-expect-error `merge` returns a whole state.
createStore<State>()(dashkeep(plain, { ...options, merge: (config: DashboardConfig) => ({ theme: config.theme }) }));
// @ts-expect-error The initial values are those of the store.
dashkeep(plain, { ...options, initial: { chartCustomizations: {} } });
// @ts-expect-error A state lacks an action.
createStore<State>()(dashkeep(() => initial, options));
expectTypeOf<DashkeepOptions<State>>().not.toHaveProperty("initial");
