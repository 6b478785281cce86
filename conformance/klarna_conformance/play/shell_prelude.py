"""The functions that every script of a counterexample begins with, for any POSIX shell."""

from typing import Final

__all__ = ["BEGIN", "MOCK", "PRELUDE"]

BEGIN: Final = r"""work=$(mktemp -d)
server=
trap 'rm -rf "$work"; [ -z "$server" ] || kill "$server" || :' EXIT"""
"""Ends with the script what it began."""

MOCK: Final = r"""if [ -z "${BASE_URL:-}" ]; then
    KLARNA_USERNAME=user
    KLARNA_PASSWORD=password
    COMMAND --username user --password password >"$work/mock" &
    server=$!
    until [ -s "$work/mock" ]; do
        kill -0 "$server"
        sleep 0.1
    done
    BASE_URL=$(head -n 1 "$work/mock")
fi"""
"""Starts the mock with COMMAND where no server is named; ends the script if that fails."""

PRELUDE: Final = r"""
# uuid VERSION: a random UUID.
uuid() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' |
        sed "s/^\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)\(.\{12\}\)\$/\1-\2-$1\3-8\4-\5/"
}

# call NAME ARGUMENT...: sends a request with curl, and prints its status and body.
call() {
    name=$1
    shift
    curl --silent --show-error --output "$work/$name.body" --dump-header "$work/$name.headers" \
        --write-out '%{http_code}' "$@" >"$work/$name.status" ||
        echo 'no response' >"$work/$name.status"
    printf '%s -> %s\n' "$name" "$(cat "$work/$name.status")"
    if [ -s "$work/$name.body" ]; then
        cat "$work/$name.body"
        echo
    fi
}

# made NAME HEADER...: the id of what a successful call created.
made() {
    called=$1
    shift
    case $(cat "$work/$called.status") in 2*) ;; *) return 0 ;; esac
    for header in "$@"; do
        value=$(tr -d '\r ' <"$work/$called.headers" | sed -n "s/^$header://p" | head -n 1)
        if [ -n "$value" ]; then
            printf '%s' "$value"
            return 0
        fi
    done
}

# with LIST ID: the list with this id once.
with() {
    case " $1 " in
    *" $2 "*) printf '%s' "$1" ;;
    *) printf '%s' "$1${1:+ }$2" ;;
    esac
}

# count LIST: how many ids there are.
count() {
    printf '%s\n' "$1" | awk '{ print NF }'
}

# unknown LIST: an id that does not exist, like the first of the list.
unknown() {
    first=${1%% *}
    case $first in
    ????????-????-4???-????-???????????0) printf '%s1' "${first%?}" ;;
    ????????-????-4???-????-????????????) printf '%s0' "${first%?}" ;;
    *) printf '%s' NOWHERE_ID ;;
    esac
}

# nth N LIST: the N-th id of the list; one that does not exist if the list is shorter.
nth() {
    found=$(printf '%s\n' "$2" | awk -v n="$1" '{ print $n }')
    if [ -n "$found" ]; then printf '%s' "$found"; else unknown "$2"; fi
}

# order_id NAME, capture_ids NAME: the ids in the answer of a service that makes orders.
order_id() {
    tr -d '\n' <"$work/$1.body" | sed -n 's/.*"order_id" *: *"\([^"]*\)".*/\1/p'
}
capture_ids() {
    tr -d '\n' <"$work/$1.body" | sed -n 's/.*"capture_ids" *: *\[\([^]]*\)\].*/\1/p' |
        tr -d '" ' | tr ',' ' '
}

# offered NAME: the numbers of days in a response with extension options.
offered() {
    tr ',{}[]' '\n' <"$work/$1.body" |
        sed -n 's/.*"number_of_days" *: *\([0-9][0-9]*\).*/\1/p' | tr '\n' ' '
}

# day N PLUS LIST: the N-th offered number of days (from 0), and some more.
day() {
    printf '%s\n' "$3" | awk -v n="$1" -v plus="$2" '{ print (NF ? $(n % NF + 1) : 30) + plus }'
}
"""
"""Needs curl, awk, od and sed. A script uses only some of the functions."""
