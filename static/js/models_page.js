// The page of models: its speeds as bars; switching works by forms, and asks where something speaks against a model.
import { askBeforeActivating } from "./activation.js";
import { find } from "./elements.js";
import { ModelBenchmark } from "./model_benchmark.js";
import { drawSpeeds } from "./model_speeds.js";
import { Question } from "./question.js";

drawSpeeds();
const panel = document.querySelector("[data-benchmark]");
if (panel) new ModelBenchmark(panel);
if (document.querySelector("[data-question]")) askBeforeActivating(document, new Question(find(document, "[data-question]")));
