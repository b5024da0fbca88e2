package dashboard

import (
	"encoding/json"
	"fmt"
	"strings"
)

// query is a line of a panel.
type query struct{ expr, legend string }

// panel is a chart; unit is Grafana's name of one.
type panel struct {
	title, about, unit string
	queries            []query
}

// by is a rate over the interval that is looked at, summed by labels.
func by(labels, metric string) string {
	return fmt.Sprintf("sum by (%s) (rate(%s[$__rate_interval]))", labels, metric)
}

// ofModel picks the models that are chosen.
const ofModel = `{model=~"$model"}`

// quantiles are the median and the 95th percentile of a histogram, by a label.
func quantiles(label, metric, selector string) (out []query) {
	for _, q := range []struct{ share, name string }{{"0.5", "median"}, {"0.95", "95 %"}} {
		out = append(out, query{
			fmt.Sprintf("histogram_quantile(%s, %s)", q.share, by(label+", le", metric+"_bucket"+selector)), "{{" + label + "}} " + q.name,
		})
	}
	return out
}

// panels are what people who run servers look at, the first of it first.
func panels() []panel {
	tokens := func(kind string) string {
		return by("model", fmt.Sprintf(`assay_engine_tokens_total{model=~"$model", kind=%q}`, kind))
	}
	return []panel{
		{"Requests", "Answered requests a second, by what was asked and the status.", "reqps", []query{{by("route, status", "assay_server_requests_total"), "{{route}} {{status}}"}}},
		{"Answers in the making or waiting", "What --queue bounds.", "short", []query{{"assay_server_answers", "answers"}}},
		{"Sequences", "Computed together, and waiting for a place or memory.", "short", []query{
			{"assay_engine_running" + ofModel, "{{model}} running"}, {"assay_engine_queued" + ofModel, "{{model}} waiting"},
		}},
		{"Refused", "Requests that came while the queue was full.", "reqps", []query{{by("model", "assay_engine_refused_total"+ofModel), "{{model}}"}}},
		{"Tokens", "Computed a second: of prompts, and of answers.", "short", []query{{tokens("generated"), "{{model}} of answers"}, {tokens("prompt"), "{{model}} of prompts"}}},
		{"Time to first token", "From a request to its first token.", "s", quantiles("model", "assay_engine_time_to_first_token_seconds", ofModel)},
		{"Time between tokens", "A step of the model, which gives each answer its next token.", "s", quantiles("model", "assay_engine_step_seconds", ofModel)},
		{"Time until an answer was whole", "By what was asked.", "s", quantiles("route", "assay_server_request_seconds", "")},
		{"Prompts that were not read again", "Share of prompts' tokens that another sequence had begun with.", "percentunit", []query{
			{tokens("shared") + " / (" + tokens("shared") + " + " + tokens("prompt") + ")", "{{model}}"},
		}},
		{"Guesses that were right", "Share of guessed tokens that took no step of their own.", "percentunit", []query{
			{by("model", "assay_engine_drafts_accepted_total"+ofModel) + " / " + by("model", "assay_engine_drafted_total"+ofModel), "{{model}}"},
		}},
		{"Sequences of a step", "How many a step computes together.", "short", quantiles("model", "assay_engine_batch_size", ofModel)},
		{"Keys and values", "Memory that is held, of which past sequences hold a part, and the most there may be.", "bytes", []query{
			{"assay_engine_kv_bytes" + ofModel, "{{model}} held"}, {"assay_engine_kv_kept_bytes" + ofModel, "{{model}} of past ones"}, {"assay_engine_kv_limit_bytes" + ofModel, "{{model}} most"},
		}},
		{"Compute", "Seconds of the model's steps in a second: 1 is all the time.", "percentunit", []query{{by("model", "assay_engine_compute_seconds_total"+ofModel), "{{model}}"}}},
	}
}

type object = map[string]any

// The size of a panel in Grafana's grid, which is 24 wide.
const (
	wide = 12
	high = 8
)

// JSON is the dashboard of assay serve, as Grafana imports it: the same bytes each
// time.
func JSON() []byte {
	return board("assay-serve", "assay serve", panels(), object{
		"name": "model", "label": "Model", "type": "query", "query": "label_values(assay_engine_info, model)",
		"includeAll": true, "multi": true, "allValue": ".*", "current": object{"text": "All", "value": "$__all"}, "refresh": 2,
	})
}

// board writes a dashboard whose source, and what choices asks it, the reader
// picks.
func board(uid, title string, panels []panel, choices ...object) []byte {
	source := object{"type": "prometheus", "uid": "${source}"}
	var list []object
	for i, p := range panels {
		var targets []object
		for k, q := range p.queries {
			targets = append(targets, object{"datasource": source, "expr": q.expr, "legendFormat": q.legend, "refId": string(rune('A' + k))})
		}
		list = append(list, object{
			"id": i + 1, "type": "timeseries", "title": p.title, "description": p.about, "datasource": source, "targets": targets,
			"gridPos":     object{"x": i % 2 * wide, "y": i / 2 * high, "w": wide, "h": high},
			"fieldConfig": object{"defaults": object{"unit": p.unit, "min": 0}, "overrides": []any{}},
		})
	}
	vars := []object{{"name": "source", "label": "Source", "type": "datasource", "query": "prometheus"}}
	for _, c := range choices {
		c["datasource"] = source
		vars = append(vars, c)
	}
	b, err := json.MarshalIndent(object{
		"uid": uid, "title": title, "schemaVersion": 39, "editable": true, "refresh": "10s", "tags": []string{"assay"},
		"time": object{"from": "now-1h", "to": "now"}, "panels": list,
		"templating": object{"list": vars},
	}, "", "  ")
	if err != nil {
		panic(err) // texts and numbers alone
	}
	return append(b, '\n')
}

// Queries are all that the dashboard of assay serve asks Prometheus.
func Queries() []string { return queriesOf(panels()) }

func queriesOf(panels []panel) (all []string) {
	for _, p := range panels {
		for _, q := range p.queries {
			all = append(all, strings.ReplaceAll(strings.ReplaceAll(q.expr, "$__rate_interval", "5m"), "$model", ".*"))
		}
	}
	return all
}
