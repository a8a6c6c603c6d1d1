// The skeleton that is being made: keypoints that keep their identity while they are renamed and moved, edges, flip pairs.
// Events: change.
import { layoutOf } from "./dataset_layout.js";
import { flipPartners } from "./skeletons.js";

const isPair = (a, b) => (pair) => pair.includes(a) && pair.includes(b);

export class SkeletonModel extends EventTarget {
  name = "";
  points = []; // {id, name, x, y}, x and y in 0..1 of the drawing
  edges = []; // [id, id]
  pairs = null; // [id, id], or null: by the words left and right
  #lastId = 0;

  // Take over a whole skeleton as the server writes it; throws an Error with a sentence where it is none.
  load({ name, keypoints, edges = [], flip_pairs: pairs = null }) {
    const isPlace = (place) => Number.isInteger(place) && place >= 0 && place < keypoints.length;
    const isList = (list) => Array.isArray(list) && list.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isPlace));
    if (!Array.isArray(keypoints) || !keypoints.every((each) => typeof each === "string")) throw new Error("keypoints must be a list of names");
    if (!isList(edges)) throw new Error("edges must be pairs of positions in the list of keypoints, counted from 0");
    if (pairs !== null && !isList(pairs)) throw new Error("flip_pairs must be pairs of positions in the list of keypoints, counted from 0");
    const places = layoutOf({ keypoints, edges });
    this.points = keypoints.map((keypoint, position) => this.#point(keypoint, ...places[position]));
    const ids = ([a, b]) => [this.points[a].id, this.points[b].id];
    this.edges = edges.map(ids);
    this.pairs = pairs && pairs.map(ids);
    this.name = typeof name === "string" ? name : "";
    this.changed();
  }

  // As the server reads it.
  toJson() {
    const place = (id) => this.points.findIndex((point) => point.id === id);
    const written = { name: this.name.trim(), keypoints: this.points.map(({ name }) => name.trim()), edges: this.edges.map((edge) => edge.map(place)) };
    return this.pairs ? { ...written, flip_pairs: this.pairs.map((pair) => pair.map(place)) } : written;
  }

  add(name) {
    const angle = this.points.length * 2.4; // the golden angle: never twice at one place
    this.points.push(this.#point(name, 0.5 + 0.3 * Math.cos(angle), 0.5 + 0.3 * Math.sin(angle)));
    this.changed();
  }

  remove(id) {
    const without = (pairs) => pairs.filter((pair) => !pair.includes(id));
    this.points = this.points.filter((point) => point.id !== id);
    this.edges = without(this.edges);
    this.pairs = this.pairs && without(this.pairs);
    this.changed();
  }

  moveTo(id, position) {
    const from = this.points.findIndex((point) => point.id === id);
    const to = Math.max(0, Math.min(this.points.length - 1, position));
    if (from === to) return;
    this.points.splice(to, 0, ...this.points.splice(from, 1));
    this.changed();
  }

  toggleEdge(a, b) {
    if (a === b) return;
    const there = this.edges.some(isPair(a, b));
    this.edges = there ? this.edges.filter((edge) => !isPair(a, b)(edge)) : [...this.edges, [a, b]];
    this.changed();
  }

  // Whom a mirror exchanges this one with; null: nobody.
  partnerOf(id) {
    if (this.pairs) return this.pairs.find((pair) => pair.includes(id))?.find((other) => other !== id) ?? null;
    const position = this.points.findIndex((point) => point.id === id);
    const partner = flipPartners({ keypoints: this.points.map(({ name }) => name.trim()) })[position];
    return partner === position ? null : this.points[partner].id;
  }

  setPartner(id, other) {
    const now = this.points.map((point) => [point.id, this.partnerOf(point.id)]).filter(([a, b]) => b !== null && a < b);
    const rest = now.filter((pair) => !pair.includes(id) && !pair.includes(other));
    this.pairs = other === null ? rest : [...rest, [id, other]];
    this.changed();
  }

  pairByNames() {
    this.pairs = null;
    this.changed();
  }

  changed() {
    this.dispatchEvent(new CustomEvent("change"));
  }

  #point(name, x, y) {
    this.#lastId += 1;
    return { id: this.#lastId, name, x, y };
  }
}
