# Completion of lsock for fish. lsock itself says what can stand at the cursor.

function __lsock_complete
    set -l before (commandline -cpo)
    set -l word (commandline -ct)
    set -l unquoted (string unescape -- $word; or string trim --left --chars '\'"' -- $word)
    set -l lines (command lsock completions --words fish $before "$unquoted" 2>/dev/null)
    set -l first (string split \t -- $lines[1])
    printf '%s\n' $lines[2..-1]
    set -l prefix $first[2]
    set -l rest (string sub --start (math (string length -- "$prefix") + 1) -- "$unquoted")
    switch $first[1]
        case files
            for path in (__fish_complete_path "$rest")
                echo $prefix$path
            end
        case folders
            for path in (__fish_complete_directories "$rest" '')
                echo $prefix$path
            end
        case command
            set -l start (math (contains --index -- -- $before) + 1)
            complete -C (string join ' ' -- (string escape -- $before[$start..-1]) $word)
    end
end

complete --command lsock --no-files --keep-order --arguments '(__lsock_complete)'
