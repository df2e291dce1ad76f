# Completion of lsock for bash. lsock itself says what can stand at the cursor.

_lsock() {
    local action options line first
    COMPREPLY=()
    {
        IFS=' ' read -r action options || return 0
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done
    } < <(command lsock completions --words bash "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
    if [[ $options == nospace ]]; then
        compopt -o nospace 2>/dev/null
    fi
    case $action in
        files) compopt -o default 2>/dev/null ;;
        folders) compopt -o dirnames -o plusdirs 2>/dev/null ;;
        command)
            first=1
            while [[ ${COMP_WORDS[first]} != -- ]]; do
                first=$((first + 1))
            done
            first=$((first + 1))
            if declare -F _command_offset >/dev/null; then
                _command_offset "$first"
            elif declare -F _comp_command_offset >/dev/null; then
                _comp_command_offset "$first"
            elif ((COMP_CWORD == first)); then
                compopt -o filenames
                local IFS=$'\n'
                COMPREPLY=($(compgen -c -- "$2"))
            else
                compopt -o default
            fi
            ;;
    esac
}

complete -F _lsock lsock
