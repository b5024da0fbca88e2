package main

import "github.com/assaynet/assay/protocol/api"

var minersList = list{
	name: "miners", path: "/v1/miners", item: "Miner", csv: api.CSV[api.Miner],
	usage: "show the seats that answer tasks",
	about: `Shows miners as the newest state has them. Slots are tasks a round; incentive is
in 65535ths; emission is what the newest epoch paid, total what all epochs did, in
tokens. The last amount is the balance of the coldkey: seats of one owner show the
same one.`,
	wide: []string{"registered", "immune", "coldkey has", "slots", "collateral", "incentive"},
	table: tableOf([]column[api.Miner]{
		{"uid", func(m *api.Miner) string { return num(m.UID) }},
		{"hotkey", func(m *api.Miner) string { return end(m.Hotkey) }},
		{"registered", func(m *api.Miner) string { return num(m.Registered) }},
		{"slots", func(m *api.Miner) string { return num(m.Slots) }},
		{"collateral", func(m *api.Miner) string { return m.Collateral.String() }},
		{"asked", func(m *api.Miner) string { return yes(m.Asked) }},
		{"incentive", func(m *api.Miner) string { return num(m.Incentive) }},
		{"emission", func(m *api.Miner) string { return m.Emission.String() }},
		{"total", func(m *api.Miner) string { return m.EmissionTotal.String() }},
		{"coldkey has", func(m *api.Miner) string { return m.Balance.String() }},
		{"immune", func(m *api.Miner) string { return yes(m.Immune) }},
	}),
}
