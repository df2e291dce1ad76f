#compdef lsock
# Completion of lsock for zsh. lsock itself says what can stand at the cursor.

_lsock() {
    local action prefix line value help ending
    local -a lines words_before values texts more beginnings beginning_texts others
    words_before=("${(@Q)words[1,CURRENT-1]}")
    lines=("${(@f)$(command lsock completions --words zsh "$words_before[@]" "${(Q)PREFIX}" 2>/dev/null)}")
    action=${lines[1]%%$'\t'*}
    prefix=${lines[1]#*$'\t'}
    for line in "${(@)lines[2,-1]}"; do
        value=${line%%$'\t'*}
        help=${line#*$'\t'}
        if [[ $value != ${(b)${(Q)PREFIX}}* ]]; then
            others+=("$value")
        elif [[ $value == *[/:=] ]]; then
            beginnings+=("$value")
            beginning_texts+=("$value${help:+  -- $help}")
        else
            values+=("$value")
            texts+=("$value${help:+  -- $help}")
        fi
    done
    (( $#values )) && compadd -l -d texts -a values
    (( $#beginnings )) && compadd -S '' -l -d beginning_texts -a beginnings
    # A path for a word without a slash.
    (( $#others )) && compadd -U -a others
    case $action in
        (files) compset -P "${(b)prefix}"; _files ;;
        (folders) compset -P "${(b)prefix}"; _path_files -/ ;;
        (sockets) compset -P "${(b)prefix}"; _path_files -g '*(-=,-/)' ;;
        (command)
            shift "${words[(i)--]}" words
            (( CURRENT = $#words ))
            _normal
            ;;
    esac
}

if [[ $funcstack[1] == _lsock ]]; then
    _lsock "$@"
else
    compdef _lsock lsock
fi
