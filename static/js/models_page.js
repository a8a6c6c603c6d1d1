// The page of models: its speeds as bars; switching works by forms, without this module.
import { ModelBenchmark } from "./model_benchmark.js";
import { drawSpeeds } from "./model_speeds.js";

drawSpeeds();
const panel = document.querySelector("[data-benchmark]");
if (panel) new ModelBenchmark(panel);
