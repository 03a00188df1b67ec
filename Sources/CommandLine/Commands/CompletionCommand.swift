import ArgumentParser
import Ports

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print a script that lets a shell complete commands and flags.",
        discussion: """
            bash: source <(keptn completion bash)
            zsh:  keptn completion zsh > "${fpath[1]}/_keptn"
            fish: keptn completion fish > ~/.config/fish/completions/keptn.fish
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "bash, zsh or fish.") var shell: String

    func run() throws {
        let shells = CompletionShell.allCases
        guard let known = shells.first(where: { $0.rawValue == shell }) else {
            throw KeptnError(
                .invalidInput,
                "completion \(shell): one of \(shells.map(\.rawValue).joined(separator: ", ")) is needed")
        }
        global.terminal.line(KeptnCommand.completionScript(for: known))
    }
}
