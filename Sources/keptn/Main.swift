import ArgumentParser
import CommandLine

@main
struct Keptn {
    static func main() async { await KeptnCommand.main() }
}
