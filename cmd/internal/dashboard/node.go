package dashboard

import (
	"fmt"
	"strings"
)

// ofNode picks the nodes that are chosen.
const ofNode = `{instance=~"$node"}`

// line is a query of a metric as it is, by node.
func line(metric string) query {
	return query{metric + ofNode, "{{instance}}"}
}

// labelled is line with a label in the legend, too.
func labelled(metric, label string) query {
	return query{metric + ofNode, "{{instance}} {{" + label + "}}"}
}

// common are the panels of a node of either role.
func common() []panel {
	return []panel{
		{"Height", "Newest block that the node carried out or verified, and that to which it catches up.", "short", []query{
			{"assay_node_height" + ofNode, "{{instance}}"}, {"assay_node_target_height" + ofNode, "{{instance}} target"},
		}},
		{"Age of the newest block", "Seconds since it was made: it grows where the network stands still, or the node is cut off.", "s", []query{line("assay_node_block_age_seconds")}},
		{"Faults", "What keeps the node from its work; status says each in words.", "short", []query{line("assay_node_faults")}},
		{"Peers", "Connected peers of gossip.", "short", []query{line("assay_node_peers")}},
		{"Clock behind", "By how much the newest block is from the future of this machine's clock.", "s", []query{line("assay_node_clock_behind_seconds")}},
		{"Disk", "Free bytes on the disk of the home, and those of the database.", "bytes", []query{
			{"assay_home_disk_free_bytes" + ofNode, "{{instance}} free"}, {"assay_home_database_bytes" + ofNode, "{{instance}} database"},
		}},
		{"Disk days left", "Until the disk of the home is full, if it goes on as in the last six hours.", "d", []query{
			{"assay_home_disk_free_bytes" + ofNode + " / clamp_min(-deriv(assay_home_disk_free_bytes" + ofNode + "[6h]), 1) / 86400", "{{instance}}"},
		}},
		{"Paid by the last epoch", "Tokens, by what for.", "short", []query{labelled("assay_seat_paid_tokens", "for")}},
	}
}

func validatorPanels() []panel {
	return append(common(),
		panel{"Permit and power", "1 with a permit; voting power in consensus, 0 outside of it.", "short", []query{line("assay_node_permit"), line("assay_seat_power")}},
		panel{"Blocks not signed", "Since the newest one that the seat is known to have signed.", "short", []query{line("assay_seat_unsigned_blocks")}},
		panel{"Duties of the last epoch", "Drawn and fulfilled; what is not takes its part of the dividend.", "short", []query{labelled("assay_seat_duties", "state")}},
		panel{"Findings missed", "1 where what it found was not sealed or not opened in time, or does not count.", "short", []query{line("assay_seat_findings_missed")}},
		panel{"Stake", "Of all who have some on the seat, tokens.", "short", []query{line("assay_seat_stake_tokens")}},
		panel{"Share", "Of what validators, or miners, were paid, of 1.", "percentunit", []query{labelled("assay_seat_share", "of")}},
		panel{"Balance of the coldkey", "Tokens.", "short", []query{line("assay_seat_balance_tokens")}},
	)
}

func minerPanels() []panel {
	return append(common(),
		panel{"Rounds of the last epochs", "That asked the seat, with a commitment in time and late.", "short", []query{labelled("assay_seat_rounds", "outcome")}},
		panel{"Cards of the last epochs", "Of judges about the seat's answers, by what they found.", "short", []query{labelled("assay_seat_cards", "finding")}},
		panel{"Not given", "Answers that judges of half of the stake did not get.", "short", []query{line("assay_seat_not_given")}},
		panel{"Asked", "1 while the seat is asked.", "short", []query{line("assay_seat_asked")}},
	)
}

// node is the choice of nodes by the address that Prometheus has of them.
func node(role string) object {
	return object{
		"name": "node", "label": "Node", "type": "query", "query": fmt.Sprintf("label_values(assay_node_info{role=%q}, instance)", role),
		"includeAll": true, "multi": true, "allValue": ".*", "current": object{"text": "All", "value": "$__all"}, "refresh": 2,
	}
}

// Validator is the dashboard of validators, as Grafana imports it.
func Validator() []byte {
	return board("assay-validator", "assay validator", validatorPanels(), node("validator"))
}

// Miner is the dashboard of miners.
func Miner() []byte { return board("assay-miner", "assay miner", minerPanels(), node("miner")) }

// NodeQueries are all that the dashboards of nodes and the alerts ask Prometheus.
func NodeQueries() (all []string) {
	for _, q := range append(queriesOf(validatorPanels()), queriesOf(minerPanels())...) {
		all = append(all, strings.ReplaceAll(q, "$node", ".*"))
	}
	for _, a := range alerts() {
		all = append(all, a.expr)
	}
	return all
}

// alert is a rule of Prometheus: what holds for a time wakes somebody.
type alert struct{ name, expr, lasts, severity, summary string }

func alerts() []alert {
	return []alert{
		{"AssayDown", `up{job=~".*assay.*"} == 0`, "2m", "page", "the node does not answer"},
		{"AssayBlocksStand", "assay_node_block_age_seconds > 120", "1m", "page", "no new block for two minutes: the network stands still, or the node is cut off"},
		{"AssayFault", "assay_node_faults > 0", "5m", "page", "something keeps the node from its work: ask it for its status"},
		{"AssayAlone", "assay_node_peers == 0", "2m", "page", "the node has no peers"},
		{"AssayClockBehind", "assay_node_clock_behind_seconds > 3", "1m", "page", "the clock is behind: set it"},
		{"AssayCatchingUp", "assay_node_catching_up == 1", "30m", "warn", "the node has been catching up for half an hour"},
		{"AssayNoSeat", "assay_node_registered == 0", "10m", "warn", "the hotkey has no seat"},
		{"AssayPermitLost", "assay_node_permit == 0 and assay_node_permit offset 1h == 1", "1m", "page", "the validator lost its permit"},
		{"AssayJailed", "assay_seat_jailed == 1", "1m", "page", "the seat is jailed"},
		{"AssayVotesMissed", "assay_seat_unsigned_blocks > 10", "2m", "page", "the validator has not signed the last ten blocks"},
		{"AssayDutiesLeft", `assay_seat_duties{state="fulfilled"} < ignoring (state) 0.9 * assay_seat_duties{state="drawn"}`, "1m", "warn", "more than a tenth of the duties of an epoch were not fulfilled"},
		{"AssayFindingsMissed", "assay_seat_findings_missed == 1", "1m", "warn", "what the validator found in an epoch was not sealed or not opened in time, or does not count"},
		{"AssayRoundsLate", `assay_seat_rounds{outcome="late"} > 0`, "1m", "warn", "the miner's commitments come late"},
		{"AssayAnswersFalse", `assay_seat_cards{finding="false"} > 0`, "1m", "page", "judges found answers of the miner false: look at the model's file"},
		{"AssayPayStopped", "sum by (instance, job) (assay_seat_paid_tokens) == 0 and on (instance, job) sum by (instance, job) (assay_seat_paid_tokens offset 1h) > 0", "1m", "warn", "the seat was paid an hour ago, and is not any more"},
		{"AssayDiskFills", "predict_linear(assay_home_disk_free_bytes[6h], 3 * 86400) < 0", "1h", "warn", "the disk is full in three days if it goes on like this"},
		{"AssayDiskFull", "assay_home_disk_free_bytes < 2 * 1024 ^ 3", "5m", "page", "less than 2 GiB are free on the disk of the home"},
	}
}

// Alerts are the rules as a file of Prometheus, in YAML: the same bytes each time.
func Alerts() []byte {
	var b strings.Builder
	b.WriteString("# Alerts for nodes of Assay. In prometheus.yml: rule_files: [assay-alerts.yml]\n")
	b.WriteString("# That a node is down is told of jobs whose name has assay in it: job_name: assay\n")
	b.WriteString("groups:\n  - name: assay\n    rules:\n")
	for _, a := range alerts() {
		fmt.Fprintf(&b, "      - alert: %s\n        expr: %s\n        for: %s\n        labels:\n          severity: %s\n        annotations:\n          summary: %s\n",
			a.name, quoted(a.expr), a.lasts, a.severity, quoted("{{ $labels.instance }}: "+a.summary))
	}
	return []byte(b.String())
}

// quoted is a string of YAML in single quotes, in which a quote stands twice.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
