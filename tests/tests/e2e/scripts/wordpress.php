<?php
// A WordPress with nothing in it but what the plugin calls; prints what became of three visits.
define( 'ABSPATH', '/' );
$hooks = array();
$may   = true;
function add_action( $name, $call ) { $GLOBALS['hooks'][ $name ][] = $call; }
function apply_filters( $name, $value ) { return $value && $GLOBALS['may']; }
function is_ssl() { return true; }
class Order {
	public $meta = array();
	public function update_meta_data( $key, $value ) { $this->meta[ $key ] = $value; }
}
function run( $name, ...$arguments ) {
	foreach ( $GLOBALS['hooks'][ $name ] ?? array() as $call ) { $call( ...$arguments ); }
}
ob_start();
require $argv[1];
$printed = array();
$visits  = array(
	array( 'clk_visit', true, 'woocommerce_checkout_create_order' ),
	array( 'clk_visit', true, 'woocommerce_store_api_checkout_update_order_meta' ),
	array( '"><script>', true, 'woocommerce_checkout_create_order' ),
	array( array( 'a' ), true, 'woocommerce_checkout_create_order' ),
	array( 'clk_visit', false, 'woocommerce_checkout_create_order' ),
);
foreach ( $visits as list( $id, $consent, $checkout ) ) {
	list( $_GET, $_COOKIE, $may ) = array( array( 'click_id' => $id ), array(), $consent );
	run( 'init' );
	// The next page has no click id in its address.
	$_GET  = array();
	run( 'init' );
	run( 'before_woocommerce_init' );
	$order = new Order();
	run( $checkout, $order );
	$printed[] = $order->meta['_khata_click_id'] ?? null;
}
ob_end_clean();
echo json_encode( $printed ), "\n";
