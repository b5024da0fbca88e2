#!/usr/bin/env bash
# schemathesis.sh PROGRAM URL - random requests, right and wrong ones, by the server's
# own description: none may be answered by a 5xx, by a status or a type that the
# description has not, or by an answer that is not of its schema. Texts are short, and
# answers too.
set -euo pipefail

cd "$(mktemp -d)" # where it leaves what it found
"$1" run "$2/v1/openapi.json" --url "$2" --max-examples "${EXAMPLES:-25}" --seed 1 --generation-deterministic --workers 2 \
	--checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance --phases examples,fuzzing --no-color
