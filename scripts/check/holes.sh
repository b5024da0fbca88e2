#!/usr/bin/env bash
# holes.sh - peers behind routers, on an internet of its own: four validators of the
# shipped program with addresses of the internet, a shipped miner behind a home
# router, and a peer of our gossip (check/holes/) behind another. AutoNAT says who
# can be dialled; the two reach each other over a validator's relay, and then by a
# hole through both routers. Behind a router that changes ports there is none: there
# the relay stays, and is shown. All is in network namespaces that go with the
# script; nothing leaves them. It wants root, and takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { printf '%s\n' "$*" >&2; }
cannot() {
	say "holes.sh: $1"
	say "hint: run it as root where the kernel gives network namespaces and NAT by nftables; a container mostly gives neither"
	exit 2
}

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || cannot "this user may make no network namespaces"
	./scripts/check/need.sh nft nftables
	./scripts/check/need.sh ip iproute2
	./scripts/check/need.sh curl curl
	./scripts/check/need.sh jq jq
	own=(unshare --net --mount --pid --fork --kill-child --mount-proc)
	"${own[@]}" nft add table ip trial 2>/dev/null || cannot "no network namespaces, or no nftables in them"
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	inside=
	# The first process of the namespaces goes with unshare, and all others with it.
	stop() {
		[ -z "$inside" ] || { kill -KILL "$inside" && wait "$inside"; } 2>/dev/null || true
		exit 130
	}
	trap stop INT TERM
	model=${MODEL:-$(./scripts/fetch/model.sh | tail -n 1)}
	[ -n "${BIN:-}" ] || go build -o "$dir/bin/" ./cmd/assay ./cmd/validator ./cmd/miner
	go build -o "$dir/holes" ./scripts/check/holes
	DIR=$dir MODEL=$model BIN=${BIN:-$dir/bin} "${own[@]}" "$0" inside &
	inside=$!
	wait "$inside"
	exit
fi

export PATH=$BIN:$PATH
trap 'exit 130' INT TERM
patience=600 # seconds, a stop-gap: each of what is waited for comes within two minutes
die() {
	say "holes.sh: $1"
	tail -n 15 "$DIR"/*.log >&2 || true
	exit 1
}
# until WHAT COMMAND…: waits until the command succeeds.
until_() {
	local what=$1 end=$((SECONDS + patience)) from=$SECONDS
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || die "after $patience s still not: $what"
		sleep 1
	done
	say "$what (after $((SECONDS - from)) s)"
}

# The internet is a bridge with 11.0.0.0/16, of which the library takes each address
# for one of the internet. at NAME ADDRESS puts a machine there.
mount -t tmpfs tmpfs /run
ip link set lo up
ip link add internet type bridge
ip link set internet up
at() {
	ip netns add "$1"
	ip -n "$1" link set lo up
	ip link add "$1" type veth peer name out netns "$1"
	ip link set "$1" master internet up
	ip -n "$1" addr add "$2/16" dev out
	ip -n "$1" link set out up
}
# router NAME OUTER N HOW: a router at OUTER, and a machine home-NAME behind it, of
# the network 192.168.N.0/24. It lets in answers alone, and drops all else.
router() {
	at "$1" "$2"
	ip netns add "home-$1"
	ip link add "home-$1" netns "$1" type veth peer name out netns "home-$1"
	ip -n "$1" addr add "192.168.$3.1/24" dev "home-$1"
	ip -n "$1" link set "home-$1" up
	ip -n "home-$1" link set lo up
	ip -n "home-$1" addr add "192.168.$3.2/24" dev out
	ip -n "home-$1" link set out up
	ip -n "home-$1" route add default via "192.168.$3.1"
	ip netns exec "$1" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
	ip netns exec "$1" nft -f - <<END
table ip home {
	chain out { type nat hook postrouting priority srcnat; oifname "out" masquerade $4; }
	chain here { type filter hook input priority filter; iifname "out" ct state established,related accept; iifname "out" drop; }
	chain through { type filter hook forward priority filter; iifname "out" ct state established,related accept; iifname "out" drop; }
}
END
}
for i in 1 2 3 4; do at "v$i" "11.0.0.1$i"; done
router one 11.0.1.1 1 ""
router two 11.0.2.1 2 ""
router odd 11.0.3.1 3 "fully-random" # no two peers see the same port

# The network: four validators, a fifth that is not run, and a miner.
cd "$DIR"
seat() { # NAME ROLE FLAG…
	for kind in hotkey coldkey; do assay wallet new --kind $kind --keys "$1/keys" --insecure-no-passphrase --mnemonic=false >/dev/null 2>&1; done
	assay genesis join draft.json --keys "$1/keys" --role "$2" --insecure-no-passphrase "${@:3}" >"$1.json" 2>/dev/null
}
assay genesis new --name holes >draft.json
for i in 1 2 3 4; do seat "v$i" validator --listen "/ip4/11.0.0.1$i/tcp/9661" --consensus "11.0.0.1$i:9662"; done
seat asker validator --listen /ip4/192.168.2.2/tcp/9671 --consensus 192.168.2.2:9662
seat hidden miner
assay genesis make draft.json v?.json asker.json hidden.json >genesis.json 2>made.txt
mapfile -t boot < <(sed -n 's/^bootstrap \(.*11\.0\.0\..*\)/\1/p' made.txt)
[ ${#boot[@]} = 4 ] || die "the genesis names ${#boot[@]} bootstrap peers, not 4: $(cat made.txt)"

# run NAMESPACE NAME PROGRAM FLAG…: makes a home and starts its daemon.
run() {
	local args=()
	for b in "${boot[@]}"; do args+=(--bootstrap "$b"); done
	"$3" init --home "$2" --genesis genesis.json --relay --insecure-no-passphrase --model "$MODEL" --weights mapped --threads 1 --nice 19 \
		"${args[@]}" "${@:4}" >"$2.init" 2>&1 || die "$3 init: $(cat "$2.init")"
	ip netns exec "$1" "$3" run --home "$2" --insecure-no-passphrase --log-format json >"$2.log" 2>&1 &
}
for i in 1 2 3 4; do
	run "v$i" "v$i" validator --listen /ip4/0.0.0.0/tcp/9661 --consensus-listen "11.0.0.1$i:9662"
done
run home-one hidden miner
# metric NAMESPACE PORT LINE: that the daemon there has this line of metrics.
metric() { ip netns exec "$1" curl -sf "http://127.0.0.1:$2/metrics" | grep -qx "$3"; }
reach() { metric "$1" "$2" "assay_gossip_reachability{state=\"$3\"} 1"; }
height() { [ "$(ip netns exec v1 curl -sf http://127.0.0.1:9660/v1/status | jq .height)" -ge 2 ]; }

until_ "the network makes blocks" height
for i in 1 2 3 4; do until_ "validator $i finds that peers can dial it" reach "v$i" 9660 public; done
until_ "the miner behind a router finds that nobody can" reach home-one 9670 private
ip netns exec home-one miner status --home hidden >status.txt 2>&1 || true
grep -q '^reachable *no: peers cannot dial this node' status.txt || die "miner status does not show it: $(cat status.txt)"
until_ "it keeps two places at relays" metric home-one 9670 "assay_gossip_relay_places 2"
hidden=$(sed -n 's/.*"peer_id":"\([^"]*\)".*"gossip is up".*/\1/p' hidden.log | head -n 1)
[ -n "$hidden" ] || die "the miner's log does not name its peer id"

# asks NAMESPACE NAME: has the asker there ask the miner.
asks() {
	ip netns exec "$1" ./holes -genesis genesis.json -keys asker/keys -bootstrap "$(IFS=, && echo "${boot[*]}")" -ask "$hidden" >"$2.out" 2>"$2.log" &
	asker=$!
}
# sees NAME FILTER: that the last whole line of an asker is there, and such; jq is
# content with none.
sees() {
	local line
	line=$(grep '}$' "$1.out" | tail -n 1)
	[ -n "$line" ] && jq -e "$2" <<<"$line"
}
gone() {
	kill "$asker"
	wait "$asker" || die "the asker failed"
}

asks home-two two
until_ "behind a home router: the miner answers" sees two .answered
until_ "... and is connected through both routers" sees two '(.relayed | not) and any(.direct[]; startswith("/ip4/11.0.1.1/tcp/9671/"))'
until_ "... it finds that nobody can dial it" sees two '.reachability == "private"'
until_ "... the relay's connection ends" sees two '.direct | length == 1'
until_ "... the miner shows it as relayed no longer" metric home-one 9670 "assay_gossip_relayed_peers 0"
gone

asks home-odd odd
until_ "behind a router that changes ports: the miner answers" sees odd .answered
until_ "... over a relay, shown as such" sees odd '.relayed and .direct == []'
until_ "... at the miner, too" metric home-one 9670 "assay_gossip_relayed_peers 1"
ip netns exec home-one miner status --home hidden >status.txt 2>&1 || true
grep -q '^over a relay *1 more, for requests alone' status.txt || die "miner status does not show it: $(cat status.txt)"
until_ "... it finds that nobody can dial it" sees odd '.reachability == "private"'
until_ "... the relay's connection ends" sees odd '.relayed | not'
sees odd '.direct == []' >/dev/null || die "a hole through a router that changes ports"
gone
until_ "... at the miner, too" metric home-one 9670 "assay_gossip_relayed_peers 0"
say "validators are public, homes private; a hole through home routers, and a relay where there is none"
