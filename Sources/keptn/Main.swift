import CommandLine

@main
struct Keptn {
    static func main() async { await KeptnCommand.runAndExit(Array(Swift.CommandLine.arguments.dropFirst())) }
}
