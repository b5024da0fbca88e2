package export

import "maps"

// The columns of a run's provenance.
var provenanceColumns = map[string]string{
	"provenance.task":   "id of the task, from which all that was asked follows",
	"provenance.model":  "id of the model: hash of all that decides its output",
	"provenance.seed":   "of sampling; empty where nothing is sampled",
	"provenance.miner":  "address of the hotkey that signed the answer",
	"provenance.uid":    "the seat",
	"provenance.slot":   "its place among the seat's tasks of the round",
	"provenance.epoch":  "in which the task was set",
	"provenance.round":  "in which the task was set",
	"provenance.block":  "height at which the answer was committed to",
	"provenance.root":   "the commitment",
	"provenance.answer": "hash of the signed answer, which opens the commitment",
}

func with(columns, more map[string]string) map[string]string {
	out := maps.Clone(columns)
	maps.Copy(out, more)
	return out
}

// AboutInference is the card of the kind inference.
func AboutInference() About {
	return About{
		Title: "Assay: verified inference", Task: "text-generation", Tags: []string{"synthetic"}, Row: Run{},
		Text: `Prompts that the network's beacon drew, and what models made of them. Miners of the Assay network ran
the models with an arithmetic that gives the same bits on every machine, committed to their answers on
a ledger, and opened them afterwards; validators ran a part of them again and compared every token and
every hidden state. What is certain is that the model was run for this prompt: not that an answer is
true, useful or harmless. Prompts are written by a program.`,
		Dropped: "answers that a judge found to be false, and those whose commitment is not on the ledger.",
		Columns: with(provenanceColumns, map[string]string{
			"system": "the system prompt", "prompt": "what the model was asked",
			"response": "the text of the answer; empty where the export was not given the model's file",
			"tokens":   "the token ids of the answer, the end token included",
			"finish":   "`stop` where the model ended it, `length` where the limit did",
			"passed":   "judges who are known to have found the same, bit for bit",
		}),
	}
}

// AboutSynthetic is the card of the kind synthetic.
func AboutSynthetic() About {
	return About{
		Title: "Assay: verified synthetic data", Task: "text-generation", Tags: []string{"synthetic"}, Row: Record{},
		Text: `Synthetic data by *verified synthesis*: family, prompt, seed examples and sampling seed of each record
come from the network's beacon, a model that the network names answered, and the record is that run,
which validators of the Assay network can and do repeat bit for bit. Nobody wrote or chose a prompt.
Checks are programs, and say what a program can: a model may have answered wrong, and ` + "`checks`" + ` says so.
What ` + "`novelty`" + `, ` + "`alike`" + ` and ` + "`diversity`" + ` measure is as for a request that pays for records, but within the
rows of an epoch, in their order: compare epochs with care.`,
		Dropped: "runs that a judge found to be false, those whose commitment is not on the ledger, and records that\ndo not pass a gate other than that of their checks: too short, repetitive, or with what looks like a secret.",
		Columns: with(provenanceColumns, map[string]string{
			"prompt": "what the model was asked", "response": "what it answered",
			"family":    "of the prompt: arithmetic, extraction, code, instruction or dialogue",
			"checks":    "what each check of the family found",
			"failed":    "gates that the record does not pass: none, or `checks`, where a check found it wrong",
			"novelty":   "share of its runs of five words, numbers and names masked but in arithmetic and extraction, that no row before it in its epoch has, in 65536ths",
			"alike":     "how many of the 112 positions of its MinHash the most alike row before it in its epoch has",
			"diversity": "as which share of different ones the rows of its miner in its epoch count up to this one, in 65536ths: of the last 1,024 at most",
			"passed":    "judges who are known to have found the same run, bit for bit",
		}),
	}
}

// AboutPreference is the card of the kind preference, the lane of people.
func AboutPreference() About {
	return About{
		Title: "Assay: preferences", Task: "text-generation", Tags: []string{"rlhf", "dpo", "preference"}, Row: Preference{},
		Text: `Pairs of responses, and which of the two raters of the Assay network prefer. A program writes the
pairs from a seed that nobody chooses; raters do not see where a response comes from, nor which pairs
are golds, whose better side the program knows.

**Nobody attests that a person answered.** The lane ` + "`people`" + ` is made for people, who are paid for agreeing
with each other beyond what cheap signals explain, and for telling golds apart; a rater who does so by
other means is paid, too. Who needs answers of people only must ask raters that he knows. What models
prefer, run and verified bit for bit, is a data set of its own: the kind ` + "`judgement`" + `, whose lane is
` + "`engine`" + `. Columns of one name mean the same in both.

` + "`confidence`" + ` is a posterior of the model of A. P. Dawid and A. M. Skene (1979), over all ratings of the
epoch; raters who answer alike for other reasons than being right make it too high. Golds are in the
data: ` + "`provenance.gold`" + ` tells them.`,
		Dropped: "pairs that nobody rated, and those of which neither side is the likeliest label.",
		Columns: map[string]string{
			"prompt": "what was asked", "chosen": "the response that raters prefer", "rejected": "the other one",
			"agreement":         "share of the ratings that are for `chosen`",
			"confidence":        "posterior of that label",
			"raters":            "each rating: address of the rater's hotkey, and 1 for `chosen`, 0 for equal, -1 for `rejected`",
			"lane":              "`people`",
			"provenance.pair":   "round, setter's uid and place of the pair",
			"provenance.root":   "what the ledger has of all the setter's pairs",
			"provenance.setter": "address of the validator that set it",
			"provenance.gold":   "1 where the pair was made so that `chosen` is better, -1 where `rejected` is, 0 of an ordinary pair",
			"provenance.epoch":  "in which it was set",
			"provenance.round":  "in which it was set",
		},
	}
}

// AboutJudgement is the card of the kind judgement, the lane of engines.
func AboutJudgement() About {
	return About{
		Title: "Assay: preferences of models", Task: "text-generation", Tags: []string{"rlaif", "dpo", "preference"}, Row: Judgement{},
		Text: `Pairs of responses, and which of the two a model prefers. A program writes the pairs from a seed that
nobody chooses. A miner of the Assay network shows the model each pair in both orders, for models favour a
place, and commits to the logits of the two letters that it may answer with; validators ran a part of
these again and compared every bit. What is certain is that the model was run on this pair: not that its
choice is right. Nothing is sampled.

` + "`margin`" + ` is a difference of logits in both orders together, so that 1 ÷ (1 + exp(−margin ÷ 2)) is the
chance of ` + "`chosen`" + ` by the model of R. A. Bradley and M. E. Terry (1952). Who wants no choice that
follows the place keeps the rows where both orders prefer ` + "`chosen`" + `. What people prefer is a data set
of its own: the kind ` + "`preference`" + `, whose lane is ` + "`people`" + `. Columns of one name mean the same in both.`,
		Dropped: "runs that a judge found to be false, those whose commitment is not on the ledger, and pairs of which\nthe model prefers neither side.",
		Columns: with(provenanceColumns, map[string]string{
			"prompt": "what was asked", "chosen": "the response that the model prefers", "rejected": "the other one",
			"margin": "by how much: the differences of both orders' logits, added; above zero, a binary32 number",
			"logits": "of the letters of `chosen` and `rejected`, first with `chosen` shown first, then with `rejected`; binary32 numbers",
			"lane":   "`engine`",
			"passed": "judges who are known to have found the same run, bit for bit",
		}),
	}
}
