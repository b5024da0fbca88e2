package devnet

import (
	"fmt"

	"github.com/assaynet/assay/protocol/wire"
)

// narrator turns the log lines of validators into sentences.
type narrator struct {
	net *network
	say *teller
}

// line tells one log line of validator v. Ledger events are the same on all
// validators, so those of the first are told.
func (n *narrator) line(v int, m map[string]any) {
	msg, _ := m["message"].(string)
	num := func(k string) int { f, _ := m[k].(float64); return int(f) }
	str := func(k string) string { s, _ := m[k].(string); return s }
	if msg == "judged" {
		n.verdict(v, num, str)
		return
	}
	if v != 0 {
		return
	}
	who := n.name(str("hotkey"))
	switch msg {
	case "tasks drawn":
		n.say.printf("beacon     block %d: proposers' secrets mixed to %s…; epoch %d's tasks follow from it, another for every miner", num("height"), head(str("seed")), num("epoch"))
	case "commitment recorded":
		n.say.printf("commitment %s sealed its answer on the ledger (block %d); nobody can read it yet", who, num("height"))
	case "duties drawn":
		n.say.printf("duties     answers are sealed; the beacon now draws who judges what: %d judgements", num("duties"))
	case "findings sealed":
		n.say.printf("findings   %s sealed what it found in epoch %d; until all have, no card leaves its judge", who, num("epoch"))
	case "findings opened":
		n.say.printf("findings   %s opened them: %d answers judged, each with its card", who, num("cards"))
	case "plants opened":
		n.say.printf("plants     %s opened its secret link of epoch %d: %s", who, num("epoch"), planted(num("plants")))
	case "a plant was not proven: the answers of the epoch count as not given, and collateral is burned":
		n.say.printf("plants     %s did not prove what it planted in epoch %d, and lost %s tokens of collateral", who, num("epoch"), str("lost"))
	case "a link of plants was known too early":
		n.say.printf("plants     the secret link of %s was known too early, which costs it %s tokens of collateral", who, str("lost"))
	case "a judge found a plant right: stake is taken":
		n.say.printf("plants     %s found right what was planted to be wrong: it did not look, and lost %s tokens of stake", who, str("held"))
	case "challenged":
		n.say.printf("challenge  an answer or a card of %s in round %d is said to be false; others are drawn to run it again", n.uid(num("uid")), num("round"))
	case "found guilty: what is lost is held":
		n.say.printf("challenge  %s lied in round %d, two thirds of the electors found: %s tokens that it put up are held", n.uid(num("uid")), num("round"), str("held"))
	case "found not guilty: the challenger pays":
		n.say.printf("challenge  %s did not lie in round %d: whoever said so pays", n.uid(num("uid")), num("round"))
	case "a challenge was not decided":
		n.say.printf("challenge  whether %s lied in round %d was not decided: it keeps everything", n.uid(num("uid")), num("round"))
	case "a proven lie: what was held is burned":
		n.say.printf("challenge  nobody showed that %s did not lie in round %d: the %s tokens are burned", n.uid(num("uid")), num("round"), str("lost"))
	case "weights sealed":
		n.say.printf("weights    %s sealed its weights of epoch %d", who, num("epoch"))
	case "weights opened":
		n.say.printf("weights    %s opened its weights of epoch %d (%d miners); they count at the end of epoch %d", who, num("epoch"), num("entries"), num("epoch")+2)
	case "seat registered":
		n.say.printf("register   %s bought seat %d for %s tokens, which are burned", who, num("uid"), str("amount"))
	case "epoch paid":
		n.say.printf("emission   epoch %d: %s tokens paid, %s to miners, %s to validators; %s carried over", num("epoch"), str("paid"), str("miners"), str("validators"), str("carried"))
	}
}

// verdict tells a card of validator v.
func (n *narrator) verdict(v int, num func(string) int, str func(string) string) {
	n.say.printf("verdict    %s", sentence(n.net.validators[v].name, n.uid(num("seat")), wire.Finding(str("finding"))))
}

// sentence says what a judge found of a miner's answer.
func sentence(judge, miner string, f wire.Finding) string {
	switch f {
	case wire.FindingPassed:
		return fmt.Sprintf("%s ran %s's answer again: equal, bit for bit", judge, miner)
	case wire.FindingFalse:
		return fmt.Sprintf("%s ran %s's answer again: FALSE, the model gives other bits; or it was planted, which shows when its secret is open", judge, miner)
	case wire.FindingMalformed:
		return fmt.Sprintf("%s: FALSE, %s's answer contradicts itself", judge, miner)
	}
	return fmt.Sprintf("%s found %s's answer %s", judge, miner, f)
}

// planted says how many of a miner's answers that were judged it had altered.
func planted(n int) string {
	switch n {
	case 0:
		return "none of its answers that were judged was altered on purpose"
	case 1:
		return "one of its answers that were judged was altered on purpose, which it proves; whoever found it equal did not look"
	}
	return fmt.Sprintf("%d of its answers that were judged were altered on purpose, which it proves; whoever found them equal did not look", n)
}

// uid finds the actor of a seat: they were given in order, the late one last.
func (n *narrator) uid(uid int) string {
	if all := n.net.actors(); uid < len(all) {
		return all[uid].name
	}
	return fmt.Sprintf("seat %d", uid)
}

// name finds the actor of a hotkey.
func (n *narrator) name(hotkey string) string {
	for _, a := range n.net.actors() {
		if a.hotkey.PublicKey().String() == hotkey {
			return a.name
		}
	}
	return hotkey
}

func head(hash string) string { return hash[:min(len(hash), 8)] }
