#!/bin/bash
# A small stock system for terminals. Its files stand in the folder it is started in: password, stock.txt, title, slow.
at() { printf '\033[%d;%dH%s' "$1" "$2" "$3"; }
cls() { printf '\033[2J\033[H'; at 1 1 "$1"; }
message=""
while :; do
    cls "GREEN SIGN ON"; at 23 1 "$message"; at 3 1 "User: "
    read -r user || exit
    cls "GREEN PASSWORD"; at 3 1 "Password: "
    read -rs password || exit
    echo "$user" >>logins
    [ "$password" = "$(cat password)" ] && break
    message="WRONG PASSWORD"
done
while :; do
    cls "GREEN MENU"; at 3 1 "l list  i item  q quit"; at 5 1 "> "
    read -rsn1 key || exit
    case $key in
    q) exit ;;
    l)
        page=0
        while :; do
            mapfile -t stock <stock.txt
            cls "$(cat title)"
            for n in 0 1 2 3; do
                set -- ${stock[$((page * 4 + n))]}
                at $((5 + n)) 2 "$1"; at $((5 + n)) 12 "$2"
            done
            [ $((page * 4 + 4)) -ge ${#stock[@]} ] && at 20 1 "END OF LIST"
            at 22 1 "n next  b back > "
            read -rsn1 key || exit
            [ "$(cat slow)" != 0 ] && echo "$page" >>turning
            sleep "$(cat slow)"
            case $key in n) page=$((page + 1)) ;; b) break ;; esac
        done ;;
    i)
        cls "GREEN INQUIRY"; at 3 1 "Item: "
        read -r item || exit
        cls "GREEN DETAIL"
        found=$(grep "^$item " stock.txt)
        if [ -n "$found" ]; then at 4 1 "Item:  $item"; at 5 1 "Qty:   ${found#* }"; else at 23 1 "NOT FOUND"; fi
        at 22 1 "b back > "
        while read -rsn1 key || exit; do [ "$key" = b ] && break; done ;;
    esac
done
