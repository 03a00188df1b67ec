import ArgumentParser

/// Measures and torments a built `keptn` from outside. Figures are only worth something on a machine that does nothing
/// else; docs/benchmarks.md says how they were taken.
@main
struct KeptnBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keptn-bench", abstract: "Measure and torment a keptn server.",
        subcommands: [
            SequencesCommand.self, EventsCommand.self, DistributeCommand.self, BacklogCommand.self, QueriesCommand.self,
            StartCommand.self, TortureCommand.self, TortureIntegrationsCommand.self,
            EvaluateCommand.self, ExecutorCommand.self, VictimCommand.self,
        ])
}
