/* Worker.java - a worker of the Kinesis Client Library that prints what it is given of a stream.
 * Arguments: the stream's ARN, and the worker's name. A line of JSON for each record, in the order
 * in which the library hands them out; after each batch it says how far it came.
 */
import com.amazonaws.services.dynamodbv2.streamsadapter.AmazonDynamoDBStreamsAdapterClient;
import com.amazonaws.services.dynamodbv2.streamsadapter.StreamsSchedulerFactory;
import com.amazonaws.services.dynamodbv2.streamsadapter.model.DynamoDBStreamsProcessRecordsInput;
import com.amazonaws.services.dynamodbv2.streamsadapter.polling.DynamoDBStreamsPollingConfig;
import com.amazonaws.services.dynamodbv2.streamsadapter.processor.DynamoDBStreamsShardRecordProcessor;

import java.io.FileOutputStream;
import java.io.FileDescriptor;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Record;
import software.amazon.awssdk.services.dynamodb.streams.DynamoDbStreamsClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.KinesisClientLibException;
import software.amazon.kinesis.exceptions.KinesisClientLibRetryableException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.retrieval.RetrievalConfig;

public final class Worker {
    private static final String APPLICATION = "kcl";
    private static final long READ_MS = 250; // four times a second, of five that are allowed
    private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);

    public static void main(String[] arguments) {
        String arn = arguments[0], name = arguments[1];
        URI endpoint = URI.create(System.getenv("ENDPOINT"));
        Region region = Region.of(System.getenv("AWS_REGION"));
        EnvironmentVariableCredentialsProvider credentials = EnvironmentVariableCredentialsProvider.create();
        AmazonDynamoDBStreamsAdapterClient streams = new AmazonDynamoDBStreamsAdapterClient(
            DynamoDbStreamsClient.builder().endpointOverride(endpoint).region(region)
                .credentialsProvider(credentials).httpClientBuilder(ApacheHttpClient.builder()).build(), region);
        DynamoDbAsyncClient tables = DynamoDbAsyncClient.builder().endpointOverride(endpoint).region(region)
            .credentialsProvider(credentials).httpClientBuilder(NettyNioAsyncHttpClient.builder()).build();
        CloudWatchAsyncClient unused = CloudWatchAsyncClient.builder().endpointOverride(endpoint).region(region)
            .credentialsProvider(credentials).httpClientBuilder(NettyNioAsyncHttpClient.builder()).build();
        ConfigsBuilder configs = new ConfigsBuilder(
            StreamsSchedulerFactory.createSingleStreamTracker(arn,
                InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON)),
            APPLICATION, streams, tables, unused, name, () -> new Printer(name));

        Scheduler scheduler = StreamsSchedulerFactory.createScheduler(
            configs.checkpointConfig(), coordinator(configs), leases(configs), configs.lifecycleConfig(),
            configs.metricsConfig().metricsFactory(new NullMetricsFactory()), configs.processorConfig(),
            retrieval(configs, streams), streams);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(scheduler)));
        scheduler.run();
    }

    /* Confirms what was processed, and gives up its shards and, if it has it, the lead: what a worker
     * that is killed had to lead, the library leaves alone for two minutes. */
    private static void end(Scheduler scheduler) {
        try {
            scheduler.startGracefulShutdown().get(20, TimeUnit.SECONDS);
        } catch (Exception error) {
            System.err.println("the worker does not end in an orderly way: " + error);
        }
    }

    /* The library's waits are made for streams that last for years: here, for seconds. */
    private static CoordinatorConfig coordinator(ConfigsBuilder configs) {
        return configs.coordinatorConfig().parentShardPollIntervalMillis(200)
            .shardConsumerDispatchPollIntervalMillis(100).schedulerInitializationBackoffTimeMillis(200)
            .maxInitializationAttempts(100);
    }

    private static LeaseManagementConfig leases(ConfigsBuilder configs) {
        LeaseManagementConfig config = configs.leaseManagementConfig().failoverTimeMillis(4000)
            .leaseAssignmentIntervalMillis(1000L).shardSyncIntervalMillis(0).listShardsBackoffTimeInMillis(100);
        config.workerUtilizationAwareAssignmentConfig().disableWorkerMetrics(true)
            .workerMetricsReporterFreqInMillis(1000);
        return config;
    }

    private static RetrievalConfig retrieval(ConfigsBuilder configs, AmazonDynamoDBStreamsAdapterClient streams) {
        return configs.retrievalConfig().retrievalSpecificConfig(
            new DynamoDBStreamsPollingConfig(streams).idleTimeBetweenReadsInMillis(READ_MS));
    }

    private static final class Printer implements DynamoDBStreamsShardRecordProcessor {
        private final String worker;
        private String shard;

        Printer(String worker) {
            this.worker = worker;
        }

        @Override
        public void initialize(InitializationInput input) {
            shard = input.shardId();
        }

        @Override
        public void processRecords(DynamoDBStreamsProcessRecordsInput input) {
            input.records().forEach(record -> print(record.getRecord()));
            if (!input.records().isEmpty())
                checkpoint(input.checkpointer());
        }

        @Override
        public void leaseLost(LeaseLostInput input) {
        }

        @Override
        public void shardEnded(ShardEndedInput input) {
            checkpoint(input.checkpointer());
        }

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {
            checkpoint(input.checkpointer());
        }

        /* Until the server is back, unless another worker has the shard by then. */
        private void checkpoint(RecordProcessorCheckpointer checkpointer) {
            while (true) {
                try {
                    checkpointer.checkpoint();
                    return;
                } catch (ShutdownException lost) {
                    return;
                } catch (KinesisClientLibRetryableException away) {
                    pause();
                } catch (KinesisClientLibException wrong) {
                    throw new IllegalStateException(wrong);
                }
            }
        }

        private void pause() {
            try {
                Thread.sleep(50); // sleep: between looks at whether the server is back
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }

        private void print(Record record) {
            Map<String, AttributeValue> keys = record.dynamodb().keys();
            write(String.format(
                "{\"worker\":\"%s\",\"shard\":\"%s\",\"event\":\"%s\",\"id\":\"%s\",\"key\":\"%s\","
                    + "\"old\":%s,\"new\":%s,\"sequence\":\"%s\"}\n",
                worker, shard, record.eventNameAsString(), record.eventID(), keys.get("pk").s(),
                number(record.dynamodb().oldImage()), number(record.dynamodb().newImage()),
                record.dynamodb().sequenceNumber()));
        }

        private static String number(Map<String, AttributeValue> image) {
            return image.containsKey("n") ? image.get("n").n() : "null";
        }

        /* In one piece: the workers share a file, whose order is the order of their work. */
        private static synchronized void write(String line) {
            try {
                OUT.write(line.getBytes(StandardCharsets.UTF_8));
            } catch (java.io.IOException error) {
                throw new java.io.UncheckedIOException(error);
            }
        }
    }
}
